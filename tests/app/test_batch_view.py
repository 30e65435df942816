"""x and y on the page, in Chromium: side by side where there is room, one under the other on a phone."""

import pytest
from playwright.sync_api import expect

from tests.app.browsing import load

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "side_by_side"), [(1400, True), (1280, True), (390, False)])
def test_x_and_y_stand_side_by_side_at_the_default(shared_server, page, width, side_by_side):
    page.set_viewport_size({"width": width, "height": 800})
    load(page, shared_server.url + "make_a_batch")
    x, y = page.get_by_test_id("batch-x"), page.get_by_test_id("batch-y")
    expect(x.locator("td")).to_have_count(4 * 32)
    first, second = x.bounding_box(), y.bounding_box()
    if side_by_side:
        assert first["y"] == second["y"] and first["x"] + first["width"] <= second["x"]
        assert x.evaluate(
            "table => table.parentElement.scrollWidth <= table.parentElement.clientWidth"
        )  # nothing is cut
    else:
        assert first["y"] + first["height"] <= second["y"]


def test_tokens_of_several_letters_have_the_whole_width(shared_server, page):
    page.set_viewport_size({"width": 1280, "height": 800})
    load(page, shared_server.url + "make_a_batch?text=lighthouse&tokenizer=bpe")
    x, y = page.get_by_test_id("batch-x"), page.get_by_test_id("batch-y")
    expect(x.locator("td")).to_have_count(4 * 32)
    assert x.bounding_box()["y"] < y.bounding_box()["y"]
