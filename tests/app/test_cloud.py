"""The entrypoint for Community Cloud: the same pages, also where the repository is not on Python's path."""

import pytest

from tests.app.browsing import LINKS, TITLES
from tests.app.conftest import fresh_server
from tests.app.viewer import Viewer


@pytest.mark.waits
def test_a_deep_link_wakes_the_app_and_its_worker_answers(tmp_path):
    page = "follow_the_shapes"  # it asks a worker, which must find `core` too
    with fresh_server(tmp_path, "cloud/streamlit_app.py", PYTHONSAFEPATH="1", PYTHONPATH="") as server:
        viewer = Viewer(server.port, page)
        viewer.run()
        viewer.close()
    assert viewer.said[0] == TITLES[page] and not viewer.exceptions and not viewer.errors
    assert any("comes out as logits" in text for text in viewer.said), viewer.said
    assert [link.split()[0] for link in viewer.links] == [link.split()[0] for link in LINKS]
