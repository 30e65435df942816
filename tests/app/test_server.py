"""A real server, seen by a viewer without a browser: how large an update is, what the process holds, who dies."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import psutil
import pytest

from core.corpus import samples
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import to_json
from core.lab.cluster import Lab
from core.lab.store import Store
from core.training import TrainConfig
from tests.app.browsing import LINKS, TITLES
from tests.app.conftest import fresh_server
from tests.app.pages import STARTED
from tests.app.viewer import Viewer

PAGES = ("", *(page.stem for page in (Path(__file__).parents[2] / "pages").glob("*.py") if page.stem != "start"))


def imported_torch(process: psutil.Process) -> bool:
    return any("torch" in mapped.path for mapped in process.memory_maps())


def workers(server) -> list[psutil.Process]:
    return [p for p in server.processes() if "spawn_main" in " ".join(p.cmdline())]


def wait(condition, seconds: float):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.1)
    pytest.fail("waited in vain")


SIZES = (1, 2, 4, 16, 64, 256)


def grow(store: Store, race_id: str, first_step: int, num_steps: int) -> None:
    """What a worker would send while B = 1 takes so many steps, and the larger batches as many tokens; three seeds."""
    rng = np.random.default_rng(first_step)
    messages = []
    for batch_size in SIZES:
        first, behind = (-(-(first_step + ahead - 1) // batch_size) + 1 for ahead in (0, num_steps))
        losses = 2 + rng.normal(0, batch_size**-0.5, (behind - first, 3))
        at = {"batch_size": batch_size, "step": first}
        if len(losses):
            messages.append({"kind": "losses", **at, "num_runs": 3, "data": losses.astype(np.float32).tobytes()})
        noise = {"sigma": 0.2, "low": 0.1, "high": 0.3, "lag1": 0, "num_differences": 9}
        messages.append({"kind": "noise", **at, **noise})
        messages.append({"kind": "speed", "batch_size": batch_size, "step_seconds": 0.004})
    store.append(race_id, messages)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """What servers that share a cluster, whose workers have loaded torch, have in their environment: where it is, and
    its certificate, as Dask takes it."""
    folder = tmp_path_factory.mktemp("cluster")
    lab = Lab(Store(f"sqlite:///{folder}/lab.db"))
    lab.warm_up()
    environment = {"BATCHSCOPE_SCHEDULER": lab.cluster.dask.scheduler_address}
    security = lab.cluster.security
    parts = {"CA_FILE": "tls_ca_file", "CLIENT__CERT": "tls_client_cert", "CLIENT__KEY": "tls_client_key"}
    for name, part in parts.items():
        (folder / part).write_text(getattr(security, part))
        environment[f"DASK_DISTRIBUTED__COMM__TLS__{name}"] = str(folder / part)
    yield environment
    lab.close()


@pytest.mark.waits
@pytest.mark.parametrize("path, title", TITLES.items())
def test_every_page_opens_as_the_first_request_of_a_fresh_server(scheduler, tmp_path, path, title):
    with fresh_server(tmp_path, **scheduler) as server:
        viewer = Viewer(server.port, path)
        viewer.run()
        viewer.close()
    assert viewer.said[0] == title and not viewer.exceptions and not viewer.errors
    assert [link.split()[0] for link in viewer.links] == [link.split()[0] for link in LINKS]


def test_a_walk_through_all_pages_leaves_torch_out_of_the_server(server):
    process = psutil.Process(server.process.pid)
    for page in PAGES:
        viewer = Viewer(server.port, page)
        assert viewer.run() > 1_000
        viewer.close()
    found = wait(lambda: len(workers(server)) >= 2 and workers(server), 30)
    wait(lambda: all(imported_torch(worker) for worker in found), 30)  # the check can see torch where it is
    assert not imported_torch(process)
    assert process.memory_info().rss < 310 * 2**20  # seen: 270 to 282 MB, of which pandas takes 75, altair 30


def test_an_update_stays_small_however_long_the_race_and_at_six_sizes(server):
    store = Store(server.database)
    plan = TrainConfig(batch_sizes=SIZES, num_seeds=3, max_tokens=32 * 110_000)
    spec = RaceSpec(text=samples()["lighthouse"].text, train=plan)
    race_id = store.create(to_json(spec), spec.text)
    store.set_status(race_id, "running")
    store.append(race_id, [STARTED])
    for step in range(0, 1500, 75):  # as many validations as a race has
        losses = [{"kind": "eval", "batch_size": b, "step": step, "losses": [2.0, 2.1, 2.2]} for b in SIZES]
        store.append(race_id, losses)
    viewer = Viewer(server.port, "race_batch_sizes", f"race={race_id}")
    viewer.run()
    sizes, done = {}, 0
    for upto in (1_000, 100_000):
        grow(store, race_id, done + 1, upto - done)
        done = upto
        viewer.tick()
        grow(store, race_id, done + 1, 1_000)
        done += 1_000
        sizes[upto] = viewer.tick()
    viewer.close()
    store.set_status(race_id, "stopped")
    assert 10_000 < sizes[1_000] < 60_000, sizes  # more than nothing: the charts are in it
    assert sizes[100_000] < 60_000, sizes


def test_no_text_in_the_log(server):
    secret = "a sentence that no log may hold"
    store = Store(server.database)
    spec = RaceSpec(text=f"{secret} " * 50, train=TrainConfig(max_tokens=20_000))
    race_id = store.create(to_json(spec), spec.text)
    viewer = Viewer(server.port, "race_batch_sizes", f"race={race_id}&text=pasted&T=abc")
    viewer.run()
    viewer.close()
    store.set_status(race_id, "stopped")
    log = Path(server.log.name).read_text()
    assert "127.0.0.1" in log and secret not in log


@pytest.mark.waits
def test_what_waits_for_the_database_when_the_server_is_asked_to_end_is_still_written(scheduler, tmp_path):
    store = Store(f"sqlite:///{tmp_path}/test.db")
    with fresh_server(tmp_path, **scheduler) as server:
        viewer = Viewer(server.port, "race_batch_sizes", "tokens=20000000")
        viewer.run()
        viewer.click("Start the race")
        race_id = parse_qs(viewer.query)["race"][0]
        wait(lambda: len(store.read(race_id)[0]) > 5, 60)
        with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            kept = len(store.read(race_id)[0])
            time.sleep(2)  # more comes meanwhile
            assert len(store.read(race_id)[0]) == kept
            server.process.terminate()
            time.sleep(1)
        assert server.process.wait(timeout=30) == 0
        assert len(store.read(race_id)[0]) > kept and store.status(race_id)[0] == "interrupted"
        server.stop = server.log.close


def test_killing_the_server_leaves_no_worker(server):  # last of all that wants it alive
    viewer = Viewer(server.port)
    viewer.run()
    viewer.close()
    found = wait(lambda: len(workers(server)) >= 2 and workers(server), 30)
    os.kill(server.process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(found, timeout=15)
    assert not alive
