"""The app on a machine with a GPU, seen without a browser: what it starts there runs, is drawn, and stops."""

import time
from urllib.parse import parse_qsl

import pytest
import torch

from core.lab.store import Status, Store
from tests.app.viewer import Viewer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and there is none"),
]

TEN_MILLION = "layers=6&heads=6&channels=384"


@pytest.fixture
def store(shared_server):
    return Store(shared_server.database)


def open_page(server, page: str, query: str) -> Viewer:
    viewer = Viewer(server.port, page, f"device=cuda&{query}")
    viewer.run()
    return viewer


def started(viewer: Viewer, choice: str, label: str) -> str:
    """The id of the experiment that a click on the button has started."""
    viewer.click(label)
    return dict(parse_qsl(viewer.query))[choice]


def until_drawn(viewer: Viewer, store: Store, experiment_id: str, kind: str, seconds: float) -> list[dict]:
    """Tick until a message of that kind is in the store, and once more. Returns all messages by then."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        messages, _ = store.read(experiment_id, 0)
        if any(message["kind"] == kind for message in messages):
            viewer.tick()
            return messages
        assert store.status(experiment_id)[0] in (Status.WAITING, Status.RUNNING), store.status(experiment_id)
        viewer.tick()
        time.sleep(0.05)
    pytest.fail(f"no {kind} within {seconds} s: {store.status(experiment_id)}")


def until_ended(viewer: Viewer, store: Store, experiment_id: str, seconds: float) -> list[dict]:
    until = time.monotonic() + seconds
    while time.monotonic() < until and store.status(experiment_id)[0] in (Status.WAITING, Status.RUNNING):
        if viewer.fragments:
            viewer.tick()
        time.sleep(0.5)
    assert store.status(experiment_id) == ("done", "")
    viewer.run()
    return store.read(experiment_id, 0)[0]


def test_a_race_of_ten_million_weights_up_to_4096_windows(shared_server, store):
    sizes = "sizes=4,16,64,256,1024,4096&tokens=600000&seeds=2"
    viewer = open_page(shared_server, "race_batch_sizes", f"{TEN_MILLION}&{sizes}")
    race_id = started(viewer, "race", "Start the race")
    until_drawn(viewer, store, race_id, "losses", 60)
    messages = until_ended(viewer, store, race_id, 240)
    (first,) = (message for message in messages if message["kind"] == "started")
    assert first["device"] == "cuda" and first["num_parameters"] > 1e7
    ends = {message["batch_size"]: message["steps"] for message in messages if message["kind"] == "summary"}
    assert ends == {b: 600_000 // (b * 32) for b in (4, 16, 64, 256, 1024, 4096)}
    assert not viewer.exceptions and any("Done" in said for said in viewer.said)
    viewer.close()


def test_a_race_stops_when_it_is_told_and_the_next_one_starts(shared_server, store):
    viewer = open_page(shared_server, "race_batch_sizes", "tokens=50000000&sizes=4,64")
    race_id = started(viewer, "race", "Start the race")
    until_drawn(viewer, store, race_id, "losses", 60)
    viewer.click("Stop")
    assert store.status(race_id)[0] == "stopped"
    next_id = started(viewer, "race", "Start the race")
    assert next_id != race_id
    until_drawn(viewer, store, next_id, "losses", 10)
    viewer.click("Stop")
    assert not viewer.exceptions
    viewer.close()


def test_noise_and_speed_are_measured_there(shared_server, store):
    viewer = open_page(shared_server, "measure_the_noise", "steps=0,100&batches=20")
    messages = until_ended(viewer, store, started(viewer, "noise", "Measure the noise"), 120)
    assert {"noise", "slope", "noise_scale"} <= {message["kind"] for message in messages}
    viewer.close()
    viewer = open_page(shared_server, "speed_and_memory", "bound=4096&memory=1000")
    messages = until_ended(viewer, store, started(viewer, "speed", "Measure this device"), 120)
    (first,) = (message for message in messages if message["kind"] == "started")
    assert torch.cuda.get_device_name() == first["device_name"]
    (largest,) = (message for message in messages if message["kind"] == "largest")
    assert largest["measured"] <= 1e9 < largest["measured_next"]
    assert not viewer.exceptions and any("knee" in said for said in viewer.said)
    viewer.close()


def test_every_stage_of_a_step_is_shown(shared_server):
    for stage in ("Batch", "Forward", "Loss", "Gradients", "Update"):
        viewer = open_page(shared_server, "inside_one_step", f"step=30&stage={stage}")
        assert not viewer.exceptions and len(viewer.said) > 5
        viewer.close()
