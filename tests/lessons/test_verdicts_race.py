"""Verdicts from a race that is written by hand."""

from dataclasses import replace

import from_messages
import pytest

from core.lessons.check_the_claims import verdicts
from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.race import targetless, unfinished
from core.lessons.check_the_claims.verdicts.verdict import TOO_EARLY, Missing
from core.lessons.check_the_claims.words import fact_sentences, reason_sentence
from tests.lessons.measured import (
    EQUAL_STEPS,
    EQUAL_TOKENS,
    FULL,
    IDLE,
    PLAN,
    RACE,
    SIZES,
    noise_messages,
    race_of,
)

HOLDS, PARTLY, FAILS, UNRESOLVED, NOT_YET = Outcome


@pytest.mark.parametrize(
    ("decay", "seconds", "outcome"),
    [
        (EQUAL_TOKENS, IDLE, HOLDS),  # the same tokens, read slower
        (EQUAL_STEPS, IDLE, PARTLY),  # slower by the token, no later at the target
        (EQUAL_STEPS, FULL, FAILS),  # the same by the token, sooner at the target
        (EQUAL_TOKENS, FULL, UNRESOLVED),  # the same by both
        (
            {16: 6400.0, 128: 80.0, 512: 25.0},
            {16: 0.014, 128: 0.128, 512: 0.512},
            PARTLY,
        ),  # faster, and yet later
        (EQUAL_STEPS, {16: 0.001, 128: 0.1, 512: 1.0}, FAILS),  # faster by the token
    ],
)
def test_slower_is_judged_by_the_token_and_by_the_target(decay, seconds, outcome):
    assert verdicts.slower(race_of(decay, seconds)).outcome == outcome


def test_the_two_factors_of_slower_are_right():
    verdict = verdicts.slower(race_of(EQUAL_TOKENS, IDLE))
    # 16 windows in 10.0 ms, 512 in 10.2 ms
    assert verdict.speed.value == pytest.approx(16 / 512 * 1.02)
    assert verdict.seconds.value == pytest.approx(512 / 16 / 1.02, rel=1e-3)
    assert (verdict.by_token, verdict.by_clock) == (-1, -1)


@pytest.mark.parametrize(
    ("decay", "seconds", "outcome"),
    [
        (EQUAL_TOKENS, IDLE, HOLDS),
        (EQUAL_STEPS, {16: 0.01, 128: 0.02, 512: 0.04}, PARTLY),  # twice the speed, twice the time
        (EQUAL_STEPS, FULL, FAILS),
        (EQUAL_TOKENS, FULL, UNRESOLVED),
    ],
)
def test_fast_is_the_large_against_the_medium(decay, seconds, outcome):
    assert verdicts.fast(race_of(decay, seconds)).outcome == outcome


def test_balanced_is_the_least_bad_at_its_worst():
    # 16 and 512 each pay a lot for one thing: steps at 16, tokens and seconds at 512
    between = {16: 1600.0, 128: 250.0, 512: 200.0}
    assert verdicts.balanced(race_of(between, FULL)).outcome == HOLDS
    verdict = verdicts.balanced(race_of(EQUAL_TOKENS, IDLE))  # the largest is best at all three
    assert verdict.outcome == FAILS and verdict.better == 512


@pytest.mark.parametrize(
    ("sigmas", "outcome"),
    [
        ({16: 0.4, 128: 0.14, 512: 0.07}, HOLDS),
        ({16: 0.1, 128: 0.1, 512: 0.1}, UNRESOLVED),
        ({16: 0.05, 128: 0.1, 512: 0.2}, FAILS),
        ({16: 0.4}, NOT_YET),
    ],
)
def test_noisy_is_the_ratio_of_two_spreads(sigmas, outcome):
    assert verdicts.noisy(race_of(EQUAL_STEPS, FULL, more=noise_messages(sigmas))).outcome == outcome


def test_smooth_is_set_beside_the_loss():
    race = race_of(EQUAL_STEPS, FULL, more=noise_messages({16: 0.4, 128: 0.14, 512: 0.07}))
    lead = verdicts.noisy(race).lead
    assert lead.leader == 16 and lead.loss == pytest.approx(1.0, abs=0.1)


def test_a_gap_that_hangs_on_the_training_loss_alone_is_no_overfitting():
    race = race_of(EQUAL_STEPS, FULL, gap=lambda size, train: 0.2 * (4 - train))
    verdict = verdicts.overfit(race)
    assert (
        verdict.outcome == FAILS
    )  # narrower at equal tokens: the large batch is behind; equal where the training loss is
    assert verdict.at_train_loss.difference.value == pytest.approx(0, abs=1e-3)


def test_a_gap_that_grows_with_b_is_found_in_all_three():
    verdict = verdicts.overfit(race_of(EQUAL_TOKENS, FULL, gap=lambda size, train: 0.5 * (size / 512) * (4 - train)))
    assert verdict.outcome == HOLDS


def test_a_gap_that_comes_from_reading_more_is_no_overfitting_of_large_batches():
    race = race_of(EQUAL_TOKENS, FULL, gap=lambda size, train: 0.2 * (4 - train))
    verdict = verdicts.overfit(race)
    assert verdict.outcome == FAILS and verdict.at_steps.difference.above(0)


def test_a_race_without_training_losses_judges_no_gap():
    messages = [
        {"kind": "eval", "batch_size": b, "step": s, "losses": [4.0 - s / 99] * 3} for b in SIZES for s in (0, 40)
    ]
    messages += [{"kind": "speed", "batch_size": b, "step_seconds": 0.1, "probes": [0.1, 0.1]} for b in SIZES]
    assert verdicts.overfit(from_messages.results_of(RACE, messages)).missing == Missing.TRAIN_LOSSES


def test_a_race_that_learns_nothing_has_no_way_to_a_target():
    flat = race_of(dict.fromkeys(SIZES, 1e9), FULL)
    assert unfinished(flat) is None and targetless(flat) == TOO_EARLY  # the race goes on


RACE_CLAIMS = (verdicts.slower, verdicts.fast, verdicts.balanced, verdicts.noisy, verdicts.overfit)


@pytest.mark.parametrize("judge", RACE_CLAIMS, ids=lambda judge: judge.__name__)
def test_nothing_is_said_too_early_or_of_a_run_that_diverged(judge):
    assert judge(from_messages.results_of(RACE, [])).outcome == NOT_YET
    gone = {"kind": "diverged", "batch_size": 128, "seed": 1, "step": 3}
    verdict = judge(race_of(EQUAL_STEPS, FULL, more=[gone]))
    assert verdict.outcome == UNRESOLVED
    assert verdict.missing == Missing.WHOLE_RUNS and verdict.batch_size == 128


@pytest.mark.parametrize("judge", RACE_CLAIMS, ids=lambda judge: judge.__name__)
def test_a_single_seed_bears_no_interval_over_seeds(judge):
    messages = []
    for size in SIZES:
        for step in (0, 40):
            row = {"kind": "eval", "batch_size": size, "step": step, "losses": [4.0 - step / 40 - size / 1e4]}
            messages.append(row | {"train_losses": [4.0 - step / 20]})
        messages.append({"kind": "speed", "batch_size": size, "step_seconds": 0.1, "probes": [0.1]})
    one = replace(RACE, train=replace(PLAN, num_seeds=1))
    verdict = judge(from_messages.results_of(one, messages))
    assert verdict.outcome == (NOT_YET if judge is verdicts.noisy else UNRESOLVED)
    assert "nan" not in " ".join((reason_sentence(verdict), *fact_sentences(verdict)))
