"""What a step costs: what is sent, and what is found in it."""

import json
from dataclasses import replace

import pytest
import torch

from core.experiments.cost.run import FEWEST_ROUNDS, run
from core.experiments.cost.spec import CostSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json, results_of, to_json
from core.measure.memory import Machine
from core.training import TrainConfig

PLAN = TrainConfig(batch_sizes=(2, 3, 8), num_seeds=2, max_tokens=8 * 8 * 20)
SPEC = CostSpec(
    race=RaceSpec(text="To be or not to be. " * 40, block_size=8, n_layer=1, n_head=2, n_embd=16, train=PLAN)
)


@pytest.fixture(scope="module")
def results():
    torch.set_num_threads(1)
    messages = list(run(SPEC))
    json.dumps(messages, allow_nan=False)
    found = results_of(SPEC, messages)
    return found


def test_only_sizes_that_divide_the_largest_are_micro_batches(results):
    assert SPEC.micro_batch_sizes == (2,) and set(results.seconds) == {(2, 2), (3, 3), (8, 8), (8, 2)}


def test_each_way_is_timed_once_a_round(results):
    rounds = {len(seconds) for seconds in results.seconds.values()}
    assert len(rounds) == 1 and rounds.pop() >= FEWEST_ROUNDS
    assert all(second > 0 for seconds in results.seconds.values() for second in seconds)


def test_activations_grow_by_the_window_and_the_rest_does_not(results):
    a, b, c = (results.activation_bytes[size] for size in (2, 3, 8))
    assert c - b == 5 * (b - a) > 0
    assert results.state_bytes["weights"] == 4 * results.started["num_parameters"]


def test_the_split_gradient_is_the_whole_one(results):
    assert results.differences[2] < 1e-5


def test_settings_make_the_journey_and_back():
    assert from_json(to_json(SPEC), SPEC.text) == SPEC


def test_what_cannot_be_measured_is_refused():
    short = CostSpec(race=RaceSpec(text="To be or not. " * 12, block_size=8, train=replace(PLAN, batch_sizes=(512,))))
    with pytest.raises(ValueError, match="more than the"):
        short.check(Machine(devices={"cpu": 2**33}))
    with pytest.raises(ValueError, match="GiB of memory"):
        SPEC.check(Machine(devices={"cpu": 1000}))
