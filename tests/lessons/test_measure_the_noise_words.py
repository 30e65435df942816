"""Sentences about noise at frozen weights."""

import math

import from_messages
import pytest

from core.experiments.noise.messages import Slope
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.lessons.measure_the_noise.words import (
    answer_sentence,
    design_effect_sentence,
    numbers_of,
    scale_numbers,
    slope_sentence,
    summary_of,
    whole_note,
)
from core.training import TrainConfig
from core.ui.sentences import scale_sentence

SPEC = NoiseSpec.of(RaceSpec(text="", block_size=8, train=TrainConfig(batch_sizes=(4,))), (0, 7), (1, 2), 64)
STARTED = {
    "kind": "started",
    "device": "cpu",
    "vocab_size": 9,
    "num_parameters": 9,
    "num_windows": 1234,
    "all_windows": False,
    "gradient_batches": 64,
    "loss_batches": 4096,
}
ESTIMATE = {"trace_cov": 0.5, "simple_noise_scale": 25.0, "low": 20.0, "high": 30.0, "resolved": True}


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(-0.55, -0.45, "consistent with −1/2"), (-0.45, -0.35, "which does not contain −1/2")]
)
def test_a_slope_is_compared_with_minus_a_half(low, high, verdict):
    text = slope_sentence(Slope(step=0, quantity="loss", slope=(low + high) / 2, low=low, high=high))
    assert f"(95% interval −{-low:.3f} to −{-high:.3f}), {verdict}" in text


def test_a_slope_waits_for_all_batch_sizes():
    assert slope_sentence(None) == "The fitted slope appears when all batch sizes have been measured."


def test_a_design_effect_says_how_many_independent_tokens_a_window_is():
    text = design_effect_sentence(32, 4.0)
    assert "varies **4.00** times as much" in text and "counts as 8.00 independent tokens. What counts is B" in text
    assert "64.0 independent tokens, more than it contains" in design_effect_sentence(32, 0.5)
    assert "known once the losses of all windows are" in design_effect_sentence(32, None)
    assert "It is not resolved" in design_effect_sentence(32, math.nan)


def spread(batch_size: int, sigma: float, quantity: str = "loss") -> dict:
    row = {"kind": "noise", "step": 7, "quantity": quantity, "batch_size": batch_size, "freedom": 9.0}
    return row | {"sigma": sigma, "low": 0.9 * sigma, "high": 1.1 * sigma}


def test_the_answer_is_how_far_batches_lie_from_the_whole_text():
    slope = {"kind": "slope", "step": 7, "quantity": "loss", "slope": -0.5, "low": -0.6, "high": -0.4}
    assert "shows after the first" in answer_sentence(from_messages.results_of(SPEC, []), 7)
    one = from_messages.results_of(SPEC, [spread(1, 0.4)])
    assert answer_sentence(one, 7) == (
        "After 7 steps a batch of 1 window typically lies **± 0.400 nats** from the whole text's loss."
    )
    both = answer_sentence(from_messages.results_of(SPEC, [spread(1, 0.4), spread(16, 0.08), slope]), 7)
    assert "a batch of 16 **± 0.0800**: 5.00 times less; 1/√B predicts 4.00. **Fitted slope: −0.500**" in both


def test_the_line_in_the_losses_is_named_with_its_value():
    whole = {"kind": "whole", "step": 7, "loss": 2.5, "sigma": 1.0, "design_effect": 1.0}
    assert whole_note(from_messages.results_of(SPEC, [whole]), 7).endswith("the whole text, 2.5000 nats per token.")
    assert whole_note(from_messages.results_of(SPEC, []), 7).endswith("the loss of the whole text.")


def test_a_row_of_the_table_has_what_the_charts_show_of_a_batch_size():
    results = from_messages.results_of(SPEC, [spread(2, 0.4), spread(2, 2.0, "gradient")])
    row = numbers_of(results, 7, 2)
    assert row["spread of batch losses, nats"] == "0.400 (0.360 to 0.440)"
    assert row["distance of batch gradients"] == "2.00 (1.80 to 2.20)"
    assert row["mean cosine"] == "not measured" == row["the same, no window twice"]


def test_a_noise_scale_stands_beside_the_squared_norm_that_it_is_made_of():
    norms = {"kind": "noise_scale", "step": 7, "grad_sq_norm": 0.021, "whole_grad_sq_norm": 0.02}
    row = scale_numbers(from_messages.results_of(SPEC, [norms | ESTIMATE]), 7)
    assert row["noise scale, windows"] == "25.0 (20.0 to 30.0)" and row["in tokens"] == "200"  # 25 windows of 8
    assert row["|G|² estimated from batches"] == "0.0210" and row["|G|² of the whole text"] == "0.0200"
    unknown = ESTIMATE | {"simple_noise_scale": None, "low": None, "high": None, "resolved": False}
    unresolved = scale_numbers(from_messages.results_of(SPEC, [norms | unknown]), 7)
    assert unresolved["noise scale, windows"].startswith("not resolved: the interval of |G|² contains 0, so the noise")
    assert unresolved["in tokens"] == "–"


RARE = {"low": None, "high": None, "freedom": 0.5, "unresolved": "rare windows"}
WHOLE = {"kind": "whole", "step": 7, "loss": 2.5, "sigma": 0.6, "design_effect": None}


def test_a_spread_that_is_not_resolved_is_named_with_its_reason_and_what_it_should_be():
    none = from_messages.results_of(SPEC, [WHOLE, spread(4, 1e-6) | RARE, spread(9, 1e-6) | RARE])
    assert answer_sentence(none, 7) == (
        "After 7 steps the spread at B = 4, 9 is not resolved: a few rare windows make nearly all of the noise, and "
        "these batches hardly met one. From the losses of all windows it should be ± 0.300 nats at B = 4."
    )
    assert numbers_of(none, 7, 4)["spread of batch losses, nats"] == "not resolved"
    some = answer_sentence(from_messages.results_of(SPEC, [WHOLE, spread(4, 1e-6) | RARE, spread(16, 0.08)]), 7)
    assert "a batch of 16 windows typically lies **± 0.0800 nats**" in some and "the spread at B = 4 is not" in some


@pytest.mark.parametrize("old", [{"low": 0.5}, {"high": math.inf}, {"freedom": 0.02}, {"low": 0.0, "sigma": 0.0}])
def test_an_interval_that_a_former_version_gave_is_not_believed(old):
    results = from_messages.results_of(SPEC, [WHOLE, spread(4, 0.4) | old])  # its low is 0.36, its high 0.44
    assert results.spread_table(7, "loss").empty and results.doubts(7, "loss") == {4: "rare windows"}


def test_a_slope_of_no_two_spreads_is_not_resolved():
    slope = {"kind": "slope", "step": 7, "quantity": "loss", "slope": None, "low": None, "high": None}
    found = from_messages.results_of(SPEC, [slope]).slopes[7, "loss"]
    assert slope_sentence(found).startswith("**Fitted slope: not resolved.**")


@pytest.mark.parametrize(
    ("old", "why"),
    [
        ({"low": -8.5e-8}, "rounding errors"),
        ({"simple_noise_scale": -9.5e-8, "low": -9.5e-8, "high": -9.5e-8}, "rounding errors"),
        ({"simple_noise_scale": 7.7e-8, "low": 7.6e-8, "high": 7.8e-8}, "rounding errors"),
        ({"high": math.inf}, "rounding errors"),
        ({"low": None, "high": None, "resolved": False}, "|G|² contains 0"),
        ({"low": None, "high": None, "resolved": False, "unresolved": "rare windows"}, "a few rare windows"),
    ],
)
def test_a_noise_scale_that_is_not_resolved_says_why(old, why):
    norms = {"kind": "noise_scale", "step": 7, "grad_sq_norm": 0.021, "whole_grad_sq_norm": 0.02}
    results = from_messages.results_of(SPEC, [norms | ESTIMATE | old])
    assert results.scales[7].estimate is None
    assert why in scale_numbers(results, 7)["noise scale, windows"] and why in scale_sentence(results.scales[7], 8)


def test_the_summary_tells_of_the_windows_once_they_are_known():
    assert summary_of(from_messages.results_of(SPEC, [])).endswith("seed 0.")
    text = summary_of(from_messages.results_of(SPEC, [STARTED]))
    assert "trained at B = 4" in text and "1,234 windows of 8, evenly spread over it." in text
    assert text.endswith("64 batches for gradients and 4,096 for losses.")
