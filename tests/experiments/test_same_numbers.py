"""Experiments of fixed settings find what they found before the kinds of experiment had folders of their own (November
2026, commit 4d307a5, where `same_numbers.json` was made): on that machine to the last bit, on others to rounding.

A spread of fewer than 6 degrees of freedom has no interval since then: the few that had one, 0.5 to 20,664 say, are
null here, or are not told."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.corpus import samples
from core.experiments.messages import to_dict
from core.experiments.noise.spec import NoiseSpec
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import kind_of
from core.experiments.step_cost.spec import StepCostSpec
from core.experiments.sweep.spec import SweepSpec
from core.training import TrainConfig

BEFORE = json.loads(Path(__file__).with_name("same_numbers.json").read_text(encoding="utf-8"))
PLAN = {"num_seeds": 2, "max_tokens": 3000, "num_evals": 4, "device": "cpu", "learning_rate": 3e-3}
SIZE = {"source": "bees", "block_size": 16, "n_layer": 1, "n_head": 2, "n_embd": 32}
RACE = RaceSpec(text=samples()["bees"].text[:6000], train=TrainConfig(batch_sizes=(2, 8), **PLAN).unsplit(), **SIZE)
OF_4 = replace(RACE, train=TrainConfig(batch_sizes=(4,), **PLAN).unsplit())
COST = replace(RACE, train=TrainConfig(batch_sizes=(1, 2, 8), **PLAN | {"num_seeds": 1}).unsplit())
SPECS = {
    "race": RACE,
    "noise": NoiseSpec.of(OF_4, (0, 40), (1, 4, 16), 24),
    "sweep": SweepSpec(race=RACE, learning_rates=(1e-3, 4e-3)),
    "orders": OrdersSpec.of(OF_4),
    "step_cost": StepCostSpec.of(COST),
}
TOLERANCE = 1e-3  # rounding is another where instructions are wider or narrower, and grows over 200 steps


def found(name: str) -> list[dict]:
    """The messages of the kinds that were kept; of bytes, their mean."""
    torch.set_num_threads(1)
    kept = {message["kind"] for message in BEFORE[name]}
    messages = map(to_dict, kind_of(SPECS[name]).run(SPECS[name]))
    return [
        message | {"data": np.nanmean(np.frombuffer(message["data"], np.float32).astype(float))}
        if "data" in message
        else message
        for message in messages
        if message["kind"] in kept
    ]


@pytest.mark.parametrize("name", SPECS)
def test_an_experiment_finds_what_it_found_before(name, monkeypatch):
    monkeypatch.setattr("core.experiments.step_cost.run.ROUNDS", 1)  # of timing
    now = found(name)
    assert len(now) == len(BEFORE[name]) > 4
    for message, before in zip(now, BEFORE[name], strict=True):
        for field, value in before.items():
            same = value if isinstance(value, str | None) else pytest.approx(value, rel=TOLERANCE, abs=1e-6)
            assert message[field] == same, (message, field)
