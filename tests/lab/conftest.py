"""A cluster, started once for each file that asks."""

import pytest

from core.lab import cluster
from core.lab.cluster import Lab
from core.lab.store import Store


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "HEARTBEAT_SECONDS", 0.5)
        running = Lab(Store(f"sqlite:///{tmp_path_factory.mktemp('lab')}/lab.db"))
        running.start()
        yield running
        running.close()
