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
    assert words.lead_sentences(race, "steps", live=False).endswith("**too close to call** with 3 runs.")


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


def test_runs_that_diverged_are_told_in_a_part_a_batch_size():
    gone = [Diverged(batch_size=16, seed=seed, step=1234) for seed in (0, 1, 2)]
    gone += [Diverged(batch_size=128, seed=seed, step=5 + seed) for seed in (0, 2)]
    text = words.divergence_sentences(gone, num_seeds=3)
    assert text.startswith(
        "B = 16: all 3 runs diverged after 1,234 steps; B = 128: 2 runs diverged after 5 to 7 steps. A run"
    )


def test_the_answer_is_how_noisy_each_size_is_and_who_leads():
    race = race_of(EQUAL_STEPS, FULL)
    assert "first few dozen steps" in words.answer_sentence(RaceResults(RACE), "tokens", live=True)
    vars(race).update(noise={16: noise(16, 0.25), 64: noise(64, 0.1)})
    text = words.answer_sentence(race, "tokens", live=False)
    assert "± 0.25 at B = 16, 0.10 at B = 64" in text
    assert "2.50 (2.50 to 2.50) times less at B = 64 than at 16; 1/√B predicts 2." in text  # sqrt(64 / 16)
    assert text.endswith("At equal tokens **B = 16** has the lowest validation loss.")


def test_a_row_of_the_table_has_what_the_charts_show():
    race = race_of(EQUAL_STEPS, FULL)
    vars(race).update(noise={16: noise(16, 0.25)}, step_seconds={16: 0.01})
    row = words.numbers_of(race, 16, np.array([1.0, 2.0]))
    assert row["noise, nats (95% interval)"] == "0.250 (0.250 to 0.250)"
    assert row["validation loss at the end"] == "1.50" and row["tokens a second"] == "12.8k"  # 16 windows of 8 in 10 ms
    assert words.numbers_of(race, 128, None)["noise, nats (95% interval)"] == "not measured"


def test_what_was_raced_is_said():
    text = words.summary_of(replace(RACE, source="pasted"))
    assert text.startswith("This race: Your own text; one token per character; block size 8; ")
    assert f"3 runs at each batch size (seeds {PLAN.seeds[0]} to {PLAN.seeds[-1]}) of 262,144 tokens." in text


def test_a_loss_is_placed_among_those_of_its_run():
    losses = np.array([2.0, 2.0, 2.5, 2.0])
    text = words.place_sentences(losses, 3, np.array([np.nan, 0.0, 0.5, -0.1]), width=3)
    assert "up to 3 on either side, is 2.0000: this one lies 0.5000 above." in text
    assert text.endswith("it is higher than 66.7% of the run's 3 steps.")


@pytest.mark.parametrize("rebuilt", [1.5, 1.5 + 1e-6])
def test_a_loss_that_was_found_again_is_set_beside_the_recorded_one(rebuilt):
    assert f"Recorded then: 1.500000; now: {rebuilt:.6f}; they differ by" in words.rebuilt_sentences(1.5, rebuilt)
