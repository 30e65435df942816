"""What the tests have in common: how torch's threads wait, which tests wait rather than compute, and warnings."""

import os
import tempfile

import pytest

# what tests find out about this machine stays among them, and is found out anew each time
os.environ["BATCHSCOPE_CACHE"] = tempfile.mkdtemp(prefix="batchscope-tests-")
# threads that wait for each other sleep meanwhile: where they take turns at a core with other tests, those that look
# again and again hold up the very thread that they wait for. Seen on two busy cores: 15 s instead of 1.4 s
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

WAIT_FOR = {"server", "shared_server", "page", "lab", "ranks", "bare_python"}  # fixtures


def pytest_collection_modifyitems(items):
    for item in items:
        if WAIT_FOR & set(item.fixturenames) or "test_cluster" in item.nodeid:
            item.add_marker(pytest.mark.waits)
