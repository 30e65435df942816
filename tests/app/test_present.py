"""The presenter's view: what the last row of a class can read."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SMALLEST_TEXT = """() => {
    const texts = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT);
    const sizes = [];
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement, box = element.getBoundingClientRect();
        const shown = texts.currentNode.data.trim() && box.width > 1 && box.height > 1;
        if (shown && !element.closest('style, [data-testid=stIconMaterial]'))
            sizes.push([parseFloat(getComputedStyle(element).fontSize), texts.currentNode.data.trim()]);
    }
    return sizes.sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.mark.parametrize("width, height, smallest", [(1920, 1080, 22), (1280, 720, 18)])
def test_all_text_can_be_read_from_the_last_row_and_the_picture_comes_first(
    shared_server, page, width, height, smallest
):
    page.set_viewport_size({"width": width, "height": height})
    page.goto(shared_server.url + "race_batch_sizes?present=1")
    chart = page.get_by_test_id("stVegaLiteChart").first.locator("svg")
    expect(chart.get_by_text("tokens seen")).to_be_attached()
    size, text = page.evaluate(SMALLEST_TEXT)
    assert size >= smallest, text
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    box = chart.bounding_box()
    assert box["y"] + box["height"] / 2 < height  # its upper half is in view
    expect(page.get_by_role("button", name="Start the race")).to_be_hidden()  # the settings are folded


def test_a_button_leads_there_and_back(shared_server, page):
    page.goto(shared_server.url + "race_batch_sizes")
    page.get_by_role("button", name="Present").click()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page).to_have_url(re.compile("present=1"))
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


def test_full_screen_shows_a_chart_with_its_axes(shared_server, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(shared_server.url + "race_batch_sizes")
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart.locator("svg").get_by_text("tokens seen")).to_be_attached()
    chart.hover()
    page.get_by_role("button", name="Fullscreen").first.evaluate("e => e.click()")
    page.wait_for_timeout(500)
    chart = page.get_by_test_id("stVegaLiteChart").first.locator("svg")
    box = chart.get_by_text("tokens seen").bounding_box()
    assert box["y"] + box["height"] <= 720 and chart.bounding_box()["width"] > 1200
