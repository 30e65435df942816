"""Which tests wait rather than compute: those need the cores for themselves, so `make test` runs them one by one."""

import pytest

WAIT_FOR = {"server", "shared_server", "page", "lab", "ranks"}  # fixtures


def pytest_collection_modifyitems(items):
    for item in items:
        if WAIT_FOR & set(item.fixturenames) or "test_cluster" in item.nodeid:
            item.add_marker(pytest.mark.waits)
