"""A budget that fits a text: few readings of it, and enough steps for every batch size."""

import numpy as np
import pytest

from core.experiments.registry import OFFERS
from core.measure.noise import LossNoise
from core.settings.values import Settings
from core.ui.budget import READINGS, STEPS, budget_setting, fitting
from core.ui.sentences import readings_sentence, times


@pytest.mark.parametrize("train_tokens", [50, 592, 6_500, 40_000, 3_000_000])
@pytest.mark.parametrize("batch_tokens", [8, 2_048, 131_072])
def test_it_trains_every_batch_size_for_some_steps_and_reads_no_more_than_that_takes(train_tokens, batch_tokens):
    budget = fitting(train_tokens, batch_tokens)
    assert budget >= STEPS * batch_tokens and budget >= READINGS * train_tokens
    assert budget <= 1.1 * max(STEPS * batch_tokens, READINGS * train_tokens) + 1


def test_its_steps_are_as_few_as_the_noise_of_three_seeds_can_be_told_from():
    losses = np.random.default_rng(0).normal(size=(STEPS, 3))
    known = []
    for steps in (STEPS - 2, STEPS):
        noise = LossNoise(steps, num_runs=3)
        noise.add(losses[:steps])
        known.append(noise.pooled() is not None)
    assert known == [False, True]


def test_every_experiment_that_trains_on_a_budget_has_its_setting():
    found = {name: setting.name for name in OFFERS if (setting := budget_setting(name))}
    assert found == {
        "race": "max_tokens",
        "sweep": "sweep_tokens",
        "orders": "order_tokens",
        "claim_race": "claim_tokens",
        "claim_sweep": "claim_tokens",
    }
    for name, setting in found.items():  # it is the budget of the runs, or a whole number of times as much
        assert getattr(Settings(), setting) % OFFERS[name].of(Settings(), "").race.train.max_tokens == 0


def test_how_often_a_text_is_read():
    assert readings_sentence(120_000, 592, 512).endswith("592 training tokens **203 times**.")
    assert "read **30.0%** of this text of 400,000" in readings_sentence(120_000, 400_000, 2_048)
    assert readings_sentence(25_000, 592, 2_048).endswith(
        "One step of the largest batch reads it 3.46 times: use smaller batches, or a longer text."
    )
    assert times(1.004) == "once"
