"""Which tests wait rather than compute: those need the cores for themselves, so `make test` runs them one by one."""

import os
import tempfile

import pytest

# what tests find out about this machine stays among them, and is found out anew each time
os.environ["BATCHSCOPE_CACHE"] = tempfile.mkdtemp(prefix="batchscope-tests-")

WAIT_FOR = {"server", "shared_server", "page", "lab", "ranks", "bare_python"}  # fixtures


def pytest_collection_modifyitems(items):
    for item in items:
        if WAIT_FOR & set(item.fixturenames) or "test_cluster" in item.nodeid:
            item.add_marker(pytest.mark.waits)
