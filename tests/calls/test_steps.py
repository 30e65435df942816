"""A run at any of its steps, found again from its settings: the weights, the windows and the losses of its race."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.batches import WindowStream, make_batch
from core.calls import steps
from core.engine import Block
from core.experiments.messages import to_dict
from core.experiments.race.run import Race
from core.experiments.race.run import run as run_race
from core.experiments.race.spec import RaceSpec, RunSpec
from core.measure.memory import Machine
from core.training import ExecutionPlan, TrainConfig

TEXT = "To be or not to be, that is the question. Whether 'tis nobler in the mind to suffer. " * 40
RACE = RaceSpec(
    text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16,
    train=TrainConfig(batch_sizes=(2, 8), num_seeds=2, max_tokens=8 * 8 * 40, num_evals=5),
)  # fmt: skip
TOGETHER, IN_TURNS = (
    replace(
        RACE,
        train=RACE.train.with_executions(
            ExecutionPlan(batch_size=b, seeds_at_once=n, micro_batch_size=2) for b in (2, 8)
        ),
    )
    for n in (2, 1)
)


@pytest.fixture(autouse=True)
def one_core_and_no_runs(monkeypatch):
    monkeypatch.setattr(steps, "use_cores", lambda leave: torch.set_num_threads(1))
    steps._runs.clear()


def recorded(race) -> dict[int, np.ndarray]:
    """Every loss of a race, (steps, R) by batch size."""
    torch.set_num_threads(1)
    blocks: dict[int, list] = {b: [] for b in race.train.batch_sizes}
    for event in Race(race).events():
        if isinstance(event, Block):
            blocks[event.batch_size].append(event.losses)
    return {b: np.concatenate(parts) for b, parts in blocks.items()}


@pytest.fixture(scope="module")
def losses():
    return {race: recorded(race) for race in (TOGETHER, IN_TURNS)}


def run(race=RACE, batch_size=2, seed=1) -> RunSpec:
    return RunSpec(race=race, batch_size=batch_size, seed=seed)


@pytest.mark.parametrize("race", [TOGETHER, IN_TURNS], ids=["together", "in turns"])
@pytest.mark.parametrize(("batch_size", "seed", "step"), [(2, 1, 1), (2, 1, 137), (2, 0, 160), (8, 0, 40), (8, 1, 17)])
@pytest.mark.slow
def test_a_rebuilt_batch_gives_the_loss_that_was_recorded(losses, race, batch_size, seed, step):
    found = steps.predictions(run(race, batch_size, seed), step)
    assert found.loss == pytest.approx(losses[race][batch_size][step - 1, seed], abs=1e-6)


def test_a_run_that_was_trained_beside_others_is_rebuilt_alone_to_the_last_bit(monkeypatch):
    monkeypatch.setattr(steps, "use_cores", lambda leave: torch.set_num_threads(2))
    monkeypatch.setattr("core.engine.loop.CAPTURE_FOR", 200)
    torch.set_num_threads(2)
    execution = ExecutionPlan(batch_size=2, seeds_at_once=1, micro_batch_size=2, num_threads=1)
    race = replace(RACE, train=replace(RACE.train, batch_sizes=(2,), num_evals=1).with_executions([execution]))
    beside = Race(race).training
    for _ in beside.events():
        pass
    longer = replace(race, train=replace(race.train, max_tokens=10_000))
    rebuilt = steps.run_of(run(longer))
    rebuilt.reach(160)
    recorded = [bool(group.pool.trainers[0].captured) for group in (beside.groups[0], rebuilt.group)]
    assert beside.groups[0].pool.threads is not None and recorded == [False, True]
    assert torch.equal(beside.groups[0].pool.trainers[1].stack.flat, rebuilt.trainer.stack.flat)


def test_the_windows_are_those_of_the_stream():
    corpus, _ = RACE.build()
    stream = WindowStream(num_tokens=len(corpus.train_ids), block_size=8, seed=1)
    batch = make_batch(corpus.train_ids, stream.starts(first=2 * 16, count=2), block_size=8)
    windows = steps.run_of(run()).windows(17).numpy()
    assert (windows[:, :-1] == batch.x).all() and (windows[:, 1:] == batch.y).all()


def test_back_and_forth_gives_the_same_numbers():
    forward = [steps.predictions(run(), step).loss for step in (1, 2, 30)]
    assert [steps.predictions(run(), step).loss for step in (30, 2, 1)] == forward[::-1]


def test_looking_at_a_step_does_not_change_the_next():
    alone = run(replace(RACE, train=replace(RACE.train, num_seeds=1, first_seed=1)))
    steps.update(alone, 5, 0.1), steps.gradients(alone, 5), steps.cost_one_by_one(alone, 5)
    after = steps.predictions(alone, 6).loss
    steps._runs.clear()
    assert steps.predictions(alone, 6).loss == after


def test_the_update_ends_where_the_next_step_begins():
    alone = run(replace(RACE, train=replace(RACE.train, num_seeds=1, first_seed=1)))
    seen = steps.update(alone, 5, 0.1).adamw.fresh_loss
    assert steps.predictions(alone, 6).loss == pytest.approx(seen, abs=1e-6)


def test_a_far_step_is_reached_in_slices(monkeypatch):
    monkeypatch.setattr(steps, "SLICE_SECONDS", 1e-9)  # so that each call ends after one block
    places = [steps.reach(run(), 60) for _ in range(5)]
    assert places == [17, 33, 49, 60, 60]


def test_a_run_keeps_few_states_and_its_beginning():
    here = steps.run_of(run())
    for step in range(0, 60):
        here.reach(step)
    assert len(here.states) == here.max_states <= steps.MAX_STATES and 0 in here.states


def test_the_worker_keeps_runs_within_its_bound(monkeypatch):
    monkeypatch.setattr(steps, "KEPT_BYTES", int(2.5 * steps.run_of(run()).num_bytes))
    for seed in (0, 1):
        for batch_size in (2, 8):
            steps.run_of(run(batch_size=batch_size, seed=seed))
    assert list(steps._runs) == [run(batch_size=2, seed=1), run(batch_size=8, seed=1)]


def test_positions_one_by_one_are_at_most_64():
    long = run(replace(RACE, block_size=100, train=replace(RACE.train, max_tokens=10_000)))
    assert steps.losses_by_position(long, 1, 0).shape == (64,)
    assert steps.losses_by_position(run(), 1, 0).shape == (8,)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": "short"}, "too short"),
        ({"text": "a" * 500}, "character"),
        ({"n_layer": 12, "n_embd": 768, "n_head": 12}, "GiB of memory"),
        ({"n_layer": 6, "n_embd": 192, "n_head": 4, "block_size": 64}, "takes too long to be looked into"),
    ],
)
def test_what_cannot_be_looked_into_is_said_in_a_sentence(change, words):
    large = replace(RACE.train, batch_sizes=(64,), num_seeds=1, max_tokens=10_000_000)
    with pytest.raises(ValueError, match=words):
        steps.predictions(RunSpec(race=replace(RACE, train=large, **change), batch_size=64, seed=0), 1)


def test_a_batch_of_more_windows_than_there_are_is_refused_as_in_a_race():
    many = replace(RACE, train=TrainConfig(batch_sizes=(4096,), num_seeds=1, max_tokens=10_000_000))
    with pytest.raises(ValueError) as here:
        steps.predictions(RunSpec(race=many, batch_size=4096, seed=0), 1)
    with pytest.raises(ValueError) as there:
        many.check(Machine(devices={"cpu": 2**33}))
    assert str(here.value) == str(there.value)


def test_a_step_too_far_to_wait_for_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr(steps, "MAX_REPLAY_FLOPS", 10 * steps.run_of(run()).step_flops)
    assert steps.reach(run(), 11) == 11
    with pytest.raises(ValueError, match="earlier step, up to 10"):
        steps.reach(run(), 12)


def test_the_source_of_each_stage_is_that_of_the_function_that_ran():
    stages = steps.sources()
    assert [name for name, _ in stages[2]] == ["token_losses", "losses_of"] and len(stages) == 5
    assert all(f"def {name.split('.')[-1]}(" in source for stage in stages for name, source in stage)


def test_a_run_that_diverges_can_be_looked_at_until_then_and_says_where():
    wild = run(replace(RACE, train=replace(RACE.train, learning_rate=1e4)))
    assert steps.reach(wild, 1) == 1
    at = next(m["step"] for m in map(to_dict, run_race(wild.race)) if m["kind"] == "diverged" and m["batch_size"] == 2)
    for step in (at, at + 1, at + 30, at):
        with pytest.raises(ValueError, match=f"diverged at step {at}:"):
            steps.reach(wild, step)
    assert steps.reach(wild, at - 1) == at - 1
    assert np.isfinite(steps.predictions(wild, at - 1).loss)
