"""Sentences about a sweep over the learning rate."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from from_messages import results_of

from core.experiments.noise.messages import NoiseScale
from core.experiments.race.spec import RaceSpec
from core.experiments.sweep.results import BestRate
from core.experiments.sweep.spec import SweepSpec
from core.lessons.tune_the_rate.view import rule_lines
from core.lessons.tune_the_rate.words import (
    answer_sentence,
    best_sentence,
    fit_sentences,
    help_sentences,
    missed_sentence,
    noise_scale_sentence,
    rules_sentence,
    summary_of,
    target_sentence,
)
from core.measure.estimate import Estimate
from core.measure.targets import StepsFit
from core.training import TrainConfig
from core.ui.sentences import rate_numbers
from tests.lessons.measured import SIZES, sweep_of

RATES = (0.001, 0.002, 0.004)
PLAN = TrainConfig(batch_sizes=(4, 16, 64), num_seeds=2, max_tokens=3200)
RESULTS = results_of(SweepSpec(race=RaceSpec(text="", block_size=8, train=PLAN), learning_rates=RATES), [])
BEST = {
    4: BestRate(0.001, 2.0, 0.001, 0.001),
    16: BestRate(0.002, 2.1, 0.002, 0.002),
    64: BestRate(0.003, 2.2, 0.002, 0.004),
}


def runs(**steps: list[float]) -> pd.DataFrame:
    rows = [(int(b.strip("B")), 0.002, seed, s) for b, each in steps.items() for seed, s in enumerate(each)]
    return pd.DataFrame(rows, columns=["batch_size", "rate", "seed", "steps"])


def fit(b_crit: float) -> StepsFit:
    return StepsFit(Estimate(10.0, 8.0, 12.5), Estimate(320.0, 1.0, 1e5), Estimate(b_crit, b_crit / 2, b_crit * 2))


def test_a_best_rate_says_whether_it_is_at_the_edge_and_what_is_as_good():
    assert best_sentence(16, BEST[16], RATES) == "B = 16: **0.002**, validation loss 2.100."
    assert "at the edge of the rates tried" in best_sentence(4, BEST[4], RATES)
    assert best_sentence(64, BEST[64], RATES).endswith("2.200; tied with 0.002 to 0.004.")
    assert best_sentence(64, None, RATES) == "B = 64: not measured."


def test_the_answer_is_the_best_rate_at_both_ends_and_what_the_rules_predict():
    assert answer_sentence(BEST, RATES) == (  # from 16 to 64: four times
        "The best learning rate is **0.001 at B = 4** (at the edge of the rates tried) and **0.003 at B = 64** (tied "
        "with 0.002 to 0.004). From B = 16, the rules predict for B = 64: fixed 0.002, square root 0.004, linear 0.008."
    )
    two = answer_sentence({4: BEST[4], 16: BEST[16]}, RATES)
    assert two.endswith("and **0.002 at B = 16**.")  # the middle one is the largest: nothing is left to predict
    assert answer_sentence({4: BEST[4]}, RATES).endswith("when two rates have been measured at each.")


def test_a_row_of_the_table_has_the_loss_at_each_batch_size():
    losses = {(b, rate): 2.5 for b in SIZES for rate in (0.001, 0.01) if (b, rate) != (512, 0.01)}
    results = sweep_of(losses, diverged=(0.01, 512))
    row = rate_numbers(results, 0.01)
    # 2.49, 2.50, 2.51: a standard error of 0.01 / sqrt 3, and 4.303 of them on either side
    assert row["learning rate"] == "0.01" and row["B = 16"] == "2.50 (2.48 to 2.52)" and row["B = 512"] == "diverged"
    assert rate_numbers(results, 0.002)["B = 16"] == "not measured"


def test_the_rules_are_compared_with_the_largest_batch_size():
    text = rules_sentence(BEST)  # from 16 to 64: four times
    assert "at B = 16 they predict for B = 64: fixed 0.002, square root 0.004, linear 0.008." in text
    assert text.endswith("Measured: **0.003**, tied with 0.002 to 0.004.")


@pytest.mark.parametrize("best", [{}, {4: BEST[4]}])
def test_rules_wait_for_two_batch_sizes(best):
    assert rules_sentence(best).endswith("appears when the rates have been measured.")
    assert rule_lines((4, 64), best).empty


def test_a_rule_is_drawn_from_the_first_batch_size_to_the_last():
    lines = rule_lines((4, 16, 64), BEST).set_index(["line", "batch_size"])["sigma"]
    assert lines["square root"].tolist() == [0.001, 0.004] and lines["linear"].tolist() == [0.0005, 0.008]


def test_who_missed_the_target_is_named_with_how_many_runs():
    text = missed_sentence(runs(B4=[100.0, math.inf], B16=[50.0, 60.0]))
    assert "within the budget: B = 4 (1 of 2 runs). A ring" in text
    assert missed_sentence(runs(B16=[50.0, 60.0])) == ""


def test_without_a_fit_the_reason_is_given():
    few = help_sentences(RESULTS, runs(B4=[100.0, np.inf], B16=[50.0, 60.0]), None)
    assert few[0].startswith("Too few batch sizes reached") and few[1].startswith("Did not reach the target")
    flat = help_sentences(RESULTS, runs(B4=[9.0], B16=[9.0], B64=[9.0]), None)
    assert len(flat) == 1 and flat[0].startswith("No fit: over these batch sizes the curve shows no bend")


def test_the_bend_is_given_where_it_is_resolved_and_whether_runs_lie_around_it():
    (bend,) = help_sentences(RESULTS, runs(B4=[9.0]), fit(32.0))
    assert bend.startswith("The curve bends at **B = 32.0 (95% interval 16.0 to 64.0)**") and "beyond" not in bend
    assert "beyond the batch sizes that were run" in help_sentences(RESULTS, runs(B4=[9.0]), fit(640.0))[0]
    wide = replace(fit(32.0), b_crit=Estimate(32.0, 1.0, 1e4))
    assert help_sentences(RESULTS, runs(B4=[9.0]), wide)[0].startswith("Where the curve bends is not resolved (95%")


def test_a_fit_gives_its_numbers_and_the_target_stands_below_the_chart():
    numbers, bend = fit_sentences(RESULTS, fit(32.0))
    assert "S_min = 10.0 (95% interval 8.00 to 12.5) steps" in numbers and "E_min = not resolved (95%" in numbers
    assert "**32.0 (95% interval 16.0 to 64.0) windows** of 8 tokens" in bend and "beyond" not in bend
    assert target_sentence(2.5).startswith("Steps to a validation loss of 2.50 nats per token")


def test_the_noise_scale_stands_beside_where_there_is_one():
    scale = NoiseScale(
        step=600, grad_sq_norm=0.02, whole_grad_sq_norm=0.02, trace_cov=0.5, simple_noise_scale=25.0, low=20.0,
        high=30.0, resolved=True,
    )  # fmt: skip
    assert "alone. After 600 steps: **25.0 windows**" in noise_scale_sentence({600: scale}, block_size=8)
    assert noise_scale_sentence({}, 8).endswith("Measure it on this text and this model, and it appears here.")


def test_the_summary_names_how_many_rates_were_tried():
    assert "3 learning rates, each the same at every batch size" in summary_of(RESULTS)
    assert summary_of(RESULTS).endswith("seeds 0 to 1; 3.2k tokens a run.")
