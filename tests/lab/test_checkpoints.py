"""Checkpoints as files; who saves them and when; and what a store withdraws when an experiment goes on."""

import stat

import numpy as np
import pytest

from core.experiments.feed import Feed
from core.experiments.race.spec import RaceSpec
from core.lab import checkpoints as module
from core.lab.checkpoints import Checkpoints, ExperimentKeeper
from core.lab.store import NewStatus, Status, Store
from core.training import State, TrainConfig

STATE = State.of(step=3, seconds=[(4, [0.5])], weights=np.arange(6, dtype=np.float32).reshape(2, 3), num=np.array(2.0))


@pytest.fixture(params=["file", "memory"])
def checkpoints(request, tmp_path):
    """In a folder, and in what stands for a bucket."""
    return Checkpoints(f"{tmp_path}/kept" if request.param == "file" else f"memory://{tmp_path.name}")


def test_a_checkpoint_is_read_as_it_was_written(checkpoints):
    checkpoints.write("a1", "first", STATE)
    read = checkpoints.read("a1", "first")
    assert read.values == {"step": 3, "seconds": [[4, [0.5]]]} and read["num"].shape == ()
    assert read["weights"].dtype == np.float32 and read["weights"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert checkpoints.read("a1", "other") is None and checkpoints.read("b2", "first") is None


def test_what_is_not_needed_is_removed(checkpoints):
    for experiment_id in ("a1", "b2"):
        for name in ("first", "second"):
            checkpoints.write(experiment_id, name, STATE)
    checkpoints.remove("a1", "first")
    assert checkpoints.read("a1", "first") is None and checkpoints.read("a1", "second")
    checkpoints.keep_only(["b2", "c3"])
    assert checkpoints.read("a1", "second") is None and checkpoints.read("b2", "first")
    checkpoints.remove("b2")
    checkpoints.remove("b2")
    assert checkpoints.read("b2", "first") is None


def test_one_that_was_cut_is_none_and_nobody_else_can_look(tmp_path):
    checkpoints = Checkpoints(f"{tmp_path}/kept")
    checkpoints.write("a1", "first", STATE)
    file = tmp_path / "kept" / "a1" / "first"
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    whole = file.read_bytes()
    for cut in (b"", whole[:5], whole[:-1], b"{}" + whole, whole[8:], b"\x80\x04K\x01."):
        file.write_bytes(cut)
        assert checkpoints.read("a1", "first") is None


class Clock:
    """Time that passes only where it is told to."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def keeper_of(monkeypatch, checkpoints, begins_at="") -> tuple[ExperimentKeeper, Clock, list]:
    clock, told = Clock(), []
    monkeypatch.setattr(module, "time", clock)
    return ExperimentKeeper(checkpoints, "a1", begins_at, told.append), clock, told


def test_it_saves_every_ten_seconds_and_never_for_more_than_a_fiftieth_of_the_time(monkeypatch, checkpoints):
    keeper, clock, told = keeper_of(monkeypatch, checkpoints)
    saving = 0.01

    def saved() -> State:
        clock.now += saving
        return STATE

    def saves(seconds: float) -> int:
        before, until = len(told), clock.now + seconds
        while clock.now < until:
            clock.now += 0.1
            keeper.offer(saved)
        return len(told) - before

    assert saves(9.9) == 0 and saves(100) in (9, 10)
    saving = 1.0
    assert saves(500) in (9, 10, 11)
    names = [message["name"] for message in told]
    assert len(set(names)) == len(names)
    assert [bool(checkpoints.read("a1", name)) for name in names] == [False] * (len(names) - 2) + [True] * 2


def test_a_full_disk_is_no_reason_to_stop(monkeypatch, checkpoints):
    keeper, clock, told = keeper_of(monkeypatch, checkpoints)
    full = lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device"))  # noqa: E731
    with monkeypatch.context() as now:
        now.setattr(checkpoints, "write", full)
        clock.now = 20
        keeper.offer(lambda: STATE)
    assert not told
    clock.now = 40
    keeper.offer(lambda: STATE)
    assert len(told) == 1


def test_a_place_that_there_is_not_is_no_reason_to_stop_either(monkeypatch):
    nowhere = Checkpoints("nosuch://place")
    keeper, clock, told = keeper_of(monkeypatch, nowhere)
    clock.now = 20
    keeper.offer(lambda: STATE)
    assert not told
    with pytest.raises(OSError, match="BATCHSCOPE_CHECKPOINTS cannot be used"):
        nowhere.read("a1", "first")


def test_it_goes_on_from_the_checkpoint_that_it_is_given_or_says_that_it_is_gone(monkeypatch, checkpoints):
    checkpoints.write("a1", "first", STATE)
    assert keeper_of(monkeypatch, checkpoints)[0].last() is None
    assert keeper_of(monkeypatch, checkpoints, "first")[0].last()["step"] == 3
    with pytest.raises(ValueError, match="is gone: start it again"):
        keeper_of(monkeypatch, checkpoints, "second")[0].last()


# ---- the store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.waits)])
def store(request, tmp_path):
    sqlite = request.param == "sqlite"
    store = Store(f"sqlite:///{tmp_path}/store.db" if sqlite else request.getfixturevalue("postgres").url)
    yield store
    store.close()


def losses(step: int, loss: float) -> dict:
    data = np.full((1, 1), loss, np.float32).tobytes()
    return {"kind": "losses", "batch_size": 2, "step": step, "num_runs": 1, "data": data}


def cut_off(store: Store) -> str:
    """One that told of three steps and two checkpoints, and of a step after them."""
    race = store.create("{}", "text")
    marks = [{"kind": "checkpoint", "name": name} for name in ("first", "second")]
    store.append(race, [losses(1, 3.0), marks[0], losses(2, 2.0), marks[1], losses(3, 1.0)])
    store.set_status(race, Status.FAILED, "It died.")
    return race


def test_the_newest_checkpoint_comes_first(store):
    race, other = cut_off(store), cut_off(store)
    (second, at_second), (first, at_first) = store.checkpoints(race)
    assert (second, first) == ("second", "first") and at_second > at_first
    assert [name for name, _ in store.checkpoints(other, at_most=1)] == ["second"]


def test_who_goes_on_waits_again_and_what_came_later_is_withdrawn(store):
    race = cut_off(store)
    (_, after), _ = store.checkpoints(race)
    assert store.go_on(race, after)
    assert store.status(race) == (Status.WAITING, "")
    kept, last = store.read(race)
    assert [message["kind"] for message in kept] == ["losses", "checkpoint", "losses", "checkpoint", "continued"]
    assert last > after + 1  # numbers that somebody has seen are not given again
    assert not store.go_on(race, after)  # it waits already
    store.set_status(race, Status.DONE)
    assert not store.go_on(race, after)
    assert not store.go_on("none", 0)


def test_one_that_runs_goes_on_only_where_its_own_server_says_so(store):
    race = cut_off(store)
    (_, after), _ = store.checkpoints(race)
    assert store.go_on(race, after)
    store.write([NewStatus(race, Status.RUNNING)])
    assert not store.go_on(race, after)
    another = Store(store.database.url)
    assert not another.go_on(race, after, while_active=True)
    another.close()
    assert store.go_on(race, after, while_active=True)


def test_who_looks_sees_no_step_twice(store):
    race = cut_off(store)
    plan = TrainConfig(batch_sizes=(2,), num_seeds=1, max_tokens=2 * 4 * 5)
    spec = RaceSpec(text="", block_size=4, train=plan)
    feeds = [Feed(lambda after: store.read(race, after), spec) for _ in range(2)]
    assert feeds[0].look().steps_of_runs[2].tolist() == [3]
    (_, after), _ = store.checkpoints(race)
    store.go_on(race, after)
    assert feeds[0].look().steps_of_runs[2].tolist() == [2]
    store.append(race, [losses(3, 1.5), losses(4, 1.0)])
    for feed in (*feeds, *feeds):
        assert feed.look().steps_of_runs[2].tolist() == [4]
        assert feed.look().training_columns("steps", 2)["mean"].tolist() == [3, 2, 1.5, 1]


def test_withdrawn_records_are_forgotten(store):
    race = cut_off(store)
    store.go_on(race, store.checkpoints(race)[0][1])
    store.forget_old()
    assert len(store.read(race)[0]) == 5 and store.read(f"~{race}")[0] == []
    assert race in store.unfinished()
