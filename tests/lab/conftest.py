"""A cluster and a PostgreSQL server, started once for each file that asks."""

import os
import shutil

import pytest

from core.lab import cluster
from core.lab.cluster import Lab
from core.lab.store import Store
from tests.lab.postgres import PROGRAMS, Postgres


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "HEARTBEAT_SECONDS", 0.5)
        running = Lab(Store(f"sqlite:///{tmp_path_factory.mktemp('lab')}/lab.db"))
        running.start()
        yield running
        running.close()


@pytest.fixture(scope="module")
def postgres_server():
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
