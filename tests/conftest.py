"""What the tests have in common: how torch's threads wait, which tests wait rather than compute, who runs with whom."""

import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.lab.postgres import PROGRAMS, Postgres

# what tests find out about this machine stays among them, and is found out anew each time
os.environ["BATCHSCOPE_CACHE"] = tempfile.mkdtemp(prefix="batchscope-tests-")
# threads that wait for each other sleep meanwhile: where they take turns at a core with other tests, those that look
# again and again hold up the very thread that they wait for. Seen on two busy cores: 15 s instead of 1.4 s
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ROOT = Path(__file__).parents[1]
WAIT_FOR = {"server", "shared_server", "page", "scheduler", "lab", "ranks", "bare_python"}  # fixtures
NUMBERS = ("engine", "training", "measure", "model", "calls")  # folders whose tests compare what was computed


@pytest.hookimpl(tryfirst=True)  # before any is left out by its mark
def pytest_collection_modifyitems(items):
    """What waits begins first, then the files that compute for long, so that no process is left with one at the end."""
    turns = {}
    for item in items:
        if WAIT_FOR & set(item.fixturenames) or "test_cluster" in item.nodeid:
            item.add_marker(pytest.mark.waits)
        if item.path.parent.name in NUMBERS:
            item.add_marker(pytest.mark.numbers)
        turn = 1 if item.get_closest_marker("waits") else 2 if item.get_closest_marker("slow") else 3
        turns[item.path] = min(turns.get(item.path, 3), 0 if needs_browser(item.path) else turn)
    items.sort(key=lambda item: turns[item.path])


@cache
def needs_browser(path: Path) -> bool:
    text = path.read_text(encoding="utf-8")
    return path.name.startswith("test_") and ("mark.browser" in text or "shared_server" in text)


def pytest_xdist_make_scheduler(config, log):
    """With several processes, one takes all files that share the server and the browser, and a file stays together, for
    what its tests share is made once."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return "browser" if needs_browser(ROOT / file) else file

    return Scheduling(config, log)


@pytest.fixture(scope="module")
def postgres_server():
    """A PostgreSQL server, started once for each file that asks."""
    if not PROGRAMS:
        if os.environ.get("BATCHSCOPE_REQUIRE_POSTGRES"):
            pytest.fail("The tests with PostgreSQL are required here, and there is none.")
        pytest.skip("There is no PostgreSQL: install it to run the tests with it.")
    running = Postgres()
    yield running
    running.stop()
    shutil.rmtree(running.folder)


@pytest.fixture
def postgres(postgres_server):
    """The same with an empty database."""
    postgres_server.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return postgres_server


@pytest.fixture
def run(monkeypatch, capsys):
    """A command as a shell would give it: `run(*args)` gives (exit code, standard output, standard error)."""
    import torch

    from core.__main__ import main

    threads = torch.get_num_threads()

    def run_main(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["core", *args])
        code = main()
        return code, *capsys.readouterr()

    yield run_main
    torch.set_num_threads(threads)
