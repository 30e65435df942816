"""A sweep over the learning rate: what it sends, and what is found in it."""

import json
from dataclasses import replace

import from_messages
import numpy as np
import pandas as pd
import pytest
import torch

from core.engine import train
from core.experiments.messages import to_dict
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json, to_json
from core.experiments.sweep.results import SweepResults
from core.experiments.sweep.run import run
from core.experiments.sweep.spec import SweepSpec
from core.lab.recording import RECORDINGS, read_recording
from core.measure.memory import Machine
from core.measure.targets import fit_steps, is_resolved
from core.training import TrainConfig

TEXT = "To be or not to be, that is the question. " * 40
PLAN = TrainConfig(batch_sizes=(2, 4, 8), num_seeds=2, max_tokens=8 * 8 * 20, num_evals=10)
SPEC = SweepSpec(
    race=RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=PLAN), learning_rates=(1e-3, 1e-2)
)


def results_of(messages: list[dict], spec: SweepSpec = SPEC) -> SweepResults:
    return from_messages.results_of(spec, messages)


@pytest.fixture(scope="module")
def messages():
    torch.set_num_threads(1)
    return list(map(to_dict, run(SPEC)))


def test_every_message_can_travel_and_the_first_says_what_runs(messages):
    assert messages[0]["kind"] == "started"
    json.dumps(messages, allow_nan=False)


def test_a_rate_of_the_sweep_gives_the_losses_of_that_race(messages):
    corpus, config = SPEC.race.build()
    records = train(corpus, config, replace(PLAN, learning_rate=1e-2))
    alone = [r["val_loss"] for r in records if r["kind"] == "eval" and (r["batch_size"], r["seed"]) == (4, 1)]
    _, losses = results_of(messages).curve(1e-2, 4)
    assert losses[:, 1].tolist() == pytest.approx(alone)


def test_all_rates_and_batch_sizes_come_to_their_end(messages):
    table = results_of(messages).rate_table()
    assert sorted(zip(table["rate"], table["batch_size"], strict=True)) == [
        (r, b) for r in (1e-3, 1e-2) for b in (2, 4, 8)
    ]
    assert ((table["low"] < table["mean"]) & (table["mean"] < table["high"])).all()


def test_a_rate_that_diverges_is_left_out():
    spec = replace(SPEC, learning_rates=(1e-3, 1e4))
    found = results_of(list(map(to_dict, run(spec))), spec)
    assert set(found.rate_table()["rate"]) == {1e-3} and found.best_rates() == {}


def by_hand(finals: dict[float, list[float]], batch_size: int = 4) -> list[dict]:
    steps = PLAN.num_steps(batch_size, 8)
    return [
        {"kind": "eval", "learning_rate": rate, "batch_size": batch_size, "step": step, "losses": losses}
        for rate, end in finals.items()
        for step, losses in ((0, [4.0, 4.0]), (steps, end))
    ]


def test_the_best_rate_and_those_as_good_by_hand():
    spec = replace(SPEC, learning_rates=(1e-3, 2e-3, 4e-3, 8e-3))
    # differences from 0.002's: 1 and 1 (resolved), -0.1 and 0.3 (not), 2 and 2 (resolved)
    found = results_of(by_hand({1e-3: [3.0, 3.5], 2e-3: [2.0, 2.5], 4e-3: [1.9, 2.8], 8e-3: [4.0, 4.5]}), spec)
    best = found.best_rates()[4]
    assert (best.rate, best.lowest, best.highest, best.loss) == (2e-3, 2e-3, 4e-3, 2.25)


def test_steps_to_a_target_by_hand():
    steps = PLAN.num_steps(4, 8)
    found = results_of(by_hand({1e-3: [3.0, 3.5], 1e-2: [2.0, 3.0]}))
    runs = found.runs_to(3.0)  # at 0.01: half way, and at the end
    assert runs["rate"].tolist() == [1e-2, 1e-2] and runs["steps"].tolist() == pytest.approx([steps / 2, steps])
    assert np.isinf(found.runs_to(2.5)["steps"]).tolist() == [False, True]
    assert found.runs_to(1.0)["steps"].tolist() == [np.inf, np.inf]


def test_all_reach_the_usual_target(messages):
    found = results_of(messages)
    runs = found.runs_to(found.usual_target())
    assert len(runs) == 6 and np.isfinite(runs["steps"]).all()
    assert results_of(messages[:3]).usual_target() is None


def test_the_shipped_sweep_resolves_a_fit():
    recording = read_recording(RECORDINGS["sweep"])
    found = from_messages.results_of(recording.spec, recording.messages)
    assert set(found.best_rates()) == set(recording.spec.race.train.batch_sizes)
    runs: pd.DataFrame = found.runs_to(found.usual_target())
    fit = fit_steps(runs["batch_size"].to_numpy(), runs["steps"].to_numpy())
    assert all(map(is_resolved, (fit.s_min, fit.e_min, fit.b_crit)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"learning_rates": (1e-3,)}, "Choose 2 to 10"), ({"learning_rates": (0.0, 1e-3)}, "above 0")],
)
def test_what_cannot_be_swept_gets_a_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(SPEC, **change).check(Machine(devices={"cpu": 2**33}))


def test_it_can_be_kept_and_made_again():
    assert from_json(to_json(SPEC), TEXT) == SPEC and "question" not in to_json(SPEC)
