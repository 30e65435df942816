"""A race in sentences, from results that are written by hand."""

from dataclasses import replace

import numpy as np
import pytest

from core.experiments.race.messages import Diverged, Noise, Started
from core.experiments.race.results import RaceResults
from core.lessons.race_batch_sizes import words
from core.training import ExecutionPlan
from tests.lessons.measured import EQUAL_STEPS, FULL, PLAN, RACE, race_of


def started(device: str, *executions: ExecutionPlan) -> Started:
    return Started(
        device=device, vocab_size=9, num_parameters=9, train_tokens=9, val_tokens=9, executions=tuple(executions)
    )


def test_who_leads_is_told_with_an_interval_and_resolved_only_so_far_while_it_lives():
    race = race_of(EQUAL_STEPS, FULL)  # the smallest batch has made the most steps
    assert words.lead_sentences(RaceResults(RACE), "steps", live=True) == "**At equal steps**: not measured yet."
    tokens = words.lead_sentences(race, "tokens", live=False)
    assert tokens.startswith(
        "**At equal tokens** (262k tokens): **B = 16** has the lowest validation loss, 1.000; B = 128"
    )
    assert "paired over 3 seeds): resolved." in tokens
    assert words.lead_sentences(race, "tokens", live=True).endswith(": resolved so far.")
    assert words.lead_sentences(race, "steps", live=False).endswith(
        "**not resolved**: these seeds cannot tell the two apart."
    )


def noise(batch_size: int, sigma: float, fall: float = 0.0) -> Noise:
    return Noise(
        batch_size=batch_size, step=9, sigma=sigma, low=sigma, high=sigma, lag1=0.0, num_differences=99, fall=fall
    )


def test_noise_is_scaled_and_a_fall_that_is_in_it_is_said():
    race = RaceResults(RACE)
    assert words.noise_sentences(race) == "**Noise × √B**: not measured yet."
    race.noise = {16: noise(16, 0.25), 128: noise(128, 0.1, fall=0.2)}
    text = words.noise_sentences(race)
    assert "1.00 (B = 16), 1.13 (B = 128)" in text and "differ by 12.3% of their mean." in text
    assert text.endswith("So far the loss at B = 128 falls by more a step than it jitters: that is in it too.")


def test_how_runs_were_executed_is_said_once_it_has_begun():
    race = RaceResults(RACE)
    assert words.executions_sentence(race) == ""
    plans = (
        ExecutionPlan(batch_size=16, seeds_at_once=4, micro_batch_size=16),
        ExecutionPlan(batch_size=512, seeds_at_once=1, micro_batch_size=64, onednn=True),
    )
    race.started = started("cpu", *plans)
    assert words.executions_sentence(race) == (
        "How the runs were executed (the fastest plan that was tried): B = 16: 3 seeds in one call; B = 512: each seed "
        "by itself, 64 windows at a time, products by oneDNN."
    )
    race.started = started("cuda", *plans)
    assert words.executions_sentence(race).startswith("How the runs were executed: ")


def test_runs_that_diverged_are_told_in_one_line():
    gone = [Diverged(batch_size=16, seed=1, step=1234), Diverged(batch_size=128, seed=0, step=5)]
    text = words.divergence_sentences(gone)
    assert text.startswith("B = 16, seed 1: diverged at step 1,234; B = 128, seed 0: diverged at step 5. A run")


def test_what_was_raced_is_said():
    text = words.summary_of(replace(RACE, source="pasted"))
    assert text.startswith("This race: Your own text, tokens by char; block size 8; ")
    assert f"seeds {PLAN.seeds[0]} to {PLAN.seeds[-1]}; 262k tokens a run." in text


def test_a_loss_is_placed_among_those_of_its_run():
    losses = np.array([2.0, 2.0, 2.5, 2.0])
    text = words.place_sentences(losses, 3, np.array([np.nan, 0.0, 0.5, -0.1]), width=3)
    assert "up to 3 on either side, is 2.0000: this one lies 0.5000 above." in text
    assert text.endswith("it is higher than 66.7% of the run's 3 steps.")


@pytest.mark.parametrize("rebuilt", [1.5, 1.5 + 1e-6])
def test_a_loss_that_was_found_again_is_set_beside_the_recorded_one(rebuilt):
    assert f"Recorded then: 1.500000; now: {rebuilt:.6f}; they differ by" in words.rebuilt_sentences(1.5, rebuilt)
