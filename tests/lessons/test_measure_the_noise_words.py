"""Sentences about noise at frozen weights."""

import math

import from_messages
import pytest

from core.experiments.noise.messages import NoiseScale, Slope
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.lessons.measure_the_noise.words import (
    design_effect_sentence,
    slope_sentence,
    squared_norm_sentence,
    summary_of,
)
from core.training import TrainConfig

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
    ("low", "high", "verdict"), [(-0.55, -0.45, "which holds −½"), (-0.45, -0.35, "which does not hold −½")]
)
def test_a_slope_is_held_against_minus_a_half(low, high, verdict):
    text = slope_sentence(Slope(step=0, quantity="loss", slope=(low + high) / 2, low=low, high=high))
    assert f"(95% interval −{-low:.3f} to −{-high:.3f}), {verdict}" in text


def test_a_slope_waits_for_all_batch_sizes():
    assert slope_sentence(None) == "The fitted slope comes when all batch sizes have been measured."


def test_a_design_effect_says_how_many_independent_tokens_a_window_is():
    text = design_effect_sentence(32, 4.0)
    assert "times **4.00** (the design effect" in text and "a window counts as 8.00 independent tokens. The" in text
    assert "64.0 independent tokens, more than it has" in design_effect_sentence(32, 0.5)
    assert "when the losses of all windows are known" in design_effect_sentence(32, math.nan)


def test_the_estimate_of_a_squared_norm_stands_beside_what_it_estimates():
    scale = NoiseScale(step=7, grad_sq_norm=0.021, whole_grad_sq_norm=0.02, **ESTIMATE)
    assert squared_norm_sentence({7: scale}).endswith("whole text itself: 0.0210 and 0.0200 at step 7.")
    assert squared_norm_sentence({}).endswith("whole text itself: not yet.")


def test_the_summary_tells_of_the_windows_once_they_are_known():
    assert summary_of(from_messages.results_of(SPEC, [])).endswith("seed 0.")
    text = summary_of(from_messages.results_of(SPEC, [STARTED]))
    assert "trained at B = 4" in text and "1,234 windows of 8, evenly spread over it." in text
    assert text.endswith("64 batches for gradients and 4,096 for losses.")
