"""An experiment that is cut off goes on from where it was kept, and finds what it would have found."""

from dataclasses import replace

import numpy as np
import pytest

from core.experiments.messages import Started, to_dict
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import KINDS, kind_of
from core.experiments.sweep.spec import SweepSpec
from core.training import State, TrainConfig

TEXT = "The miller's daughter counted every sack of corn that the wind had ground. " * 40
PLAN = TrainConfig(batch_sizes=(2, 8), num_seeds=3, max_tokens=2 * 16 * 90, num_evals=4)
RACE = RaceSpec(text=TEXT, block_size=16, n_layer=1, n_head=2, n_embd=16, train=PLAN)
SPECS = {
    "race": RACE,
    "in turns": replace(RACE, train=replace(PLAN, seeds_in_turn=1)),
    "diverges": replace(RACE, train=replace(PLAN, learning_rate=30.0)),
    "sweep": SweepSpec(race=replace(RACE, train=replace(PLAN, num_seeds=2)), learning_rates=(1e-3, 4e-3)),
    "orders": OrdersSpec(race=replace(RACE, train=replace(PLAN, batch_sizes=(8,), eval_train=True))),
}
TIMED = ("speed", "progress")  # messages that are another time's


class Kept:
    """A keeper that takes every state, and goes on from one."""

    def __init__(self, state: State | None = None):
        self.state, self.taken, self.told = state, [], 0

    def last(self):
        return self.state

    def offer(self, saved):
        self.taken.append((self.told, saved()))


def told_by(spec, keeper) -> list[dict]:
    """All its messages, the losses of a block step by step, for blocks may be cut otherwise."""
    told = []
    for message in kind_of(spec).run(spec, keeper):
        keeper.told += 1
        told.append(to_dict(message))
    return told


def comparable(messages: list[dict]) -> list[dict]:
    left_out = ("tokens_per_second",)
    return [
        {name: value for name, value in message.items() if name not in left_out}
        for message in messages
        if message["kind"] not in TIMED
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_whatever_came_after_a_state_comes_again_to_the_bit(name):
    whole = Kept()
    told = told_by(SPECS[name], whole)
    assert len(whole.taken) > (0 if name == "diverges" else 6)
    for before, state in whole.taken[:: max(1, len(whole.taken) // 6)]:
        first, *rest = told_by(SPECS[name], Kept(state))
        assert first["kind"] == Started.kind
        assert comparable(rest) == comparable(told[before:])


def test_every_kind_that_trains_many_runs_goes_on():
    assert {name for name, kind in KINDS.items() if kind.goes_on} == {"race", "sweep", "orders"}


def test_a_state_holds_what_it_was_given_and_does_not_change_with_it():
    sums = np.zeros(3)
    state = State.of(step=4, inner=State.of(sums=sums, name="x"))
    sums += 1
    assert state["step"] == 4 and state.part("inner")["name"] == "x"
    assert state.part("inner")["sums"].tolist() == state["inner/sums"].tolist() == [0, 0, 0]
    with pytest.raises(KeyError):
        state["other"]
