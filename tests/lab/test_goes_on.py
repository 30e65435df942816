"""A race that is cut off on a real cluster goes on, and loses nothing of what it found."""

import os
import time
from functools import partial

import numpy as np
import psutil
import pytest
import sqlalchemy as sa
from small_races import spec, wait_for

from core.experiments.race.results import run_losses
from core.experiments.registry import to_json
from core.lab import checkpoints
from core.lab.cluster import Lab
from core.lab.remote import LabError
from core.lab.store import Status, Store
from core.lab.tables import servers

RACE = spec(24_000)  # a second or two


def save_often(seconds: float = 0.1) -> None:
    """In a worker: not every ten seconds, and whatever it costs."""
    checkpoints.EVERY_SECONDS, checkpoints.COST_SHARE = seconds, 1.0


def all_losses(lab: Lab, race_id: str) -> np.ndarray:
    runs = [(b, seed) for b in RACE.train.batch_sizes for seed in RACE.train.seeds]
    return np.concatenate([run_losses(partial(lab.store.read, race_id), RACE, *run) for run in runs])


def wait_for_checkpoint(lab: Lab, race_id: str) -> None:
    until = time.monotonic() + 30
    while not lab.store.checkpoints(race_id):
        assert time.monotonic() < until and lab.store.status(race_id)[0].active
        time.sleep(0.02)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(checkpoints.VARIABLE, str(folder / "kept"))
        running = Lab(Store(f"sqlite:///{folder}/lab.db"))
        running.describe()
        yield running
        running.close()


@pytest.fixture(scope="module")
def undisturbed(lab) -> np.ndarray:
    race = lab.submit(RACE)
    wait_for(lab, race, "done", seconds=60)
    return all_losses(lab, race)


def test_a_race_whose_worker_is_killed_goes_on_by_itself_to_the_same_losses(lab, undisturbed):
    lab.client.run(save_often)
    race = lab.submit(RACE)
    wait_for_checkpoint(lab, race)
    (pid,) = lab.client.run(os.getpid, workers=[lab.line.entries[race].worker]).values()
    psutil.Process(pid).kill()
    wait_for(lab, race, "done", "failed", seconds=60)
    assert lab.store.status(race) == (Status.DONE, "")
    assert all_losses(lab, race).tolist() == undisturbed.tolist()
    kinds = [message["kind"] for message in lab.store.read(race)[0]]
    assert kinds.count("continued") == 1 and kinds.count("summary") == 4
    assert race not in os.listdir(lab.checkpoints.address)  # it is done


def stopped_after_a_checkpoint(lab: Lab) -> str:
    lab._race_worker()
    lab.client.run(save_often)
    race = lab.submit(RACE)
    wait_for_checkpoint(lab, race)
    lab.stop(race)
    wait_for(lab, race, "stopped")
    return race


def test_a_stopped_race_goes_on_when_it_is_told_to(lab, undisturbed):
    race = stopped_after_a_checkpoint(lab)
    lab.go_on(race, "ann")
    with pytest.raises(LabError, match="goes on already"):
        lab.go_on(race, "bob")
    wait_for(lab, race, "done", "failed", seconds=60)
    assert all_losses(lab, race).tolist() == undisturbed.tolist()


def test_another_server_goes_on_with_the_race_of_one_that_is_gone(lab, undisturbed):
    race = stopped_after_a_checkpoint(lab)
    with lab.store.database.begin() as db:  # as a server leaves it that is killed
        db.execute(sa.text("UPDATE experiments SET status = 'running', server = 'gone' WHERE id = :id"), {"id": race})
        db.execute(sa.delete(servers).where(servers.c.id == "gone"))
    assert lab.store.status(race)[0] == Status.INTERRUPTED
    lab.go_on(race)
    wait_for(lab, race, "done", "failed", seconds=60)
    assert all_losses(lab, race).tolist() == undisturbed.tolist()


def test_who_has_no_checkpoint_is_told_so(lab):
    race = lab.store.create(*kept_of(lab))
    lab.store.set_status(race, Status.FAILED, "It died.")
    with pytest.raises(LabError, match="start it again"):
        lab.go_on(race)
    with pytest.raises(LabError, match="not kept any more"):
        lab.go_on("none")
    lab.store.append(race, [{"kind": "checkpoint", "name": "removed"}])
    with pytest.raises(LabError, match="start it again"):
        lab.go_on(race)
    assert lab.store.status(race) == (Status.FAILED, "It died.")


def kept_of(lab: Lab) -> tuple[str, str]:
    """The settings and the text of a race."""
    return to_json(RACE), RACE.text
