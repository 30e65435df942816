"""Sentences about a sweep over the learning rate."""

import math

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
    best_sentence,
    missed_sentence,
    noise_scale_sentence,
    rules_sentence,
    summary_of,
    target_sentences,
)
from core.measure.estimate import Estimate
from core.measure.targets import StepsFit
from core.training import TrainConfig

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
    assert "cannot tell it from 0.002 to 0.004." in best_sentence(64, BEST[64], RATES)
    assert best_sentence(64, None, RATES) == "B = 64: not measured."


def test_rules_are_held_against_the_largest_batch_size():
    text = rules_sentence(BEST)  # from 16 to 64: four times
    assert "at B = 16 they predict for B = 64: fixed 0.002, square root 0.004, linear 0.008." in text
    assert text.endswith("Measured: **0.003**, or from 0.002 to 0.004.")


@pytest.mark.parametrize("best", [{}, {4: BEST[4]}])
def test_rules_wait_for_two_batch_sizes(best):
    assert rules_sentence(best).endswith("comes when the rates have been measured.")
    assert rule_lines((4, 64), best).empty


def test_a_rule_is_drawn_from_the_first_batch_size_to_the_last():
    lines = rule_lines((4, 16, 64), BEST).set_index(["line", "batch_size"])["sigma"]
    assert lines["square root"].tolist() == [0.001, 0.004] and lines["linear"].tolist() == [0.0005, 0.008]


def test_who_missed_the_target_is_named_with_how_many_runs():
    text = missed_sentence(runs(B4=[100.0, math.inf], B16=[50.0, 60.0]))
    assert "within the budget: B = 4 (1 of 2 runs). A ring" in text
    assert missed_sentence(runs(B16=[50.0, 60.0])) == ""


def test_without_a_fit_the_reason_is_given():
    few = target_sentences(RESULTS, runs(B4=[100.0, np.inf], B16=[50.0, 60.0]), None, target=2.5)
    assert few[0].startswith("Target: **2.50** nats") and few[2].startswith("Too few batch sizes reached")
    flat = target_sentences(RESULTS, runs(B4=[9.0], B16=[9.0], B64=[9.0]), None, target=2.5)
    assert len(flat) == 2 and flat[1].startswith("No fit: in these batch sizes the curve shows no bend")


def test_a_fit_gives_its_numbers_and_whether_runs_lie_around_its_bend():
    _, numbers, bend = target_sentences(RESULTS, runs(B4=[9.0]), fit(32.0), target=2.5)
    assert "S_min = 10.0 (95% interval 8.00 to 12.5) steps" in numbers and "E_min = not resolved (95%" in numbers
    assert "**32.0 (95% interval 16.0 to 64.0) windows** of 8 tokens" in bend and "beyond" not in bend
    assert "beyond the batch sizes that were run" in target_sentences(RESULTS, runs(B4=[9.0]), fit(640.0), 2.5)[-1]


def test_the_noise_scale_stands_beside_where_there_is_one():
    scale = NoiseScale(
        step=600, grad_sq_norm=0.02, whole_grad_sq_norm=0.02, trace_cov=0.5, simple_noise_scale=25.0, low=20.0,
        high=30.0, resolved=True,
    )  # fmt: skip
    assert "alone. After 600 steps: **25.0 windows**" in noise_scale_sentence({600: scale}, block_size=8)
    assert noise_scale_sentence({}, 8).endswith("Measure it on this text and this model, and it will stand here.")


def test_the_summary_names_how_many_rates_were_tried():
    assert "3 learning rates, each the same at every batch size" in summary_of(RESULTS)
    assert summary_of(RESULTS).endswith("seeds 0 to 1; 3.2k tokens a run.")
