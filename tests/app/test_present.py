"""The presenter's view: what the last row of a class can read."""

import re

import pytest
from playwright.sync_api import expect

from tests.app.browsing import TITLES, load

pytestmark = pytest.mark.browser

SCREENS = {(1920, 1080): 22, (1280, 720): 18}  # the smallest text, in pixels
PAGES = (*TITLES, "inside_one_step?stage=Loss")  # the last has the heat map of tokens
SMALLEST_TEXT = """() => {
    const sizes = [];
    const look = root => {
        const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
        while (nodes.nextNode()) {
            const node = nodes.currentNode, element = node.parentElement;
            if (node.shadowRoot) look(node.shadowRoot);  // what is drawn in the browser
            if (node.nodeType !== Node.TEXT_NODE || !node.data.trim() || !element) continue;
            const box = element.getBoundingClientRect(), size = parseFloat(getComputedStyle(element).fontSize);
            const shown = box.width > 1 && box.height > 1 && size > 0;
            if (shown && !element.closest('style, [data-testid=stIconMaterial]')) sizes.push([size, node.data.trim()]);
        }
    };
    look(document.querySelector('[data-testid=stMain]'));
    return sizes.sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.fixture(scope="module")
def tab(context):
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


@pytest.mark.parametrize("address", PAGES)
def test_all_text_can_be_read_from_the_last_row(shared_server, tab, address):
    load(tab, f"{shared_server.url}{address}{'&' if '?' in address else '?'}present=1")
    for (width, height), smallest in SCREENS.items():
        tab.set_viewport_size({"width": width, "height": height})
        tab.wait_for_timeout(300)
        size, text = tab.evaluate(SMALLEST_TEXT)
        assert size >= smallest, text
        assert tab.locator("svg text", has_text="…").all_inner_texts() == []  # no legend is cut


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_picture_comes_first(shared_server, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    load(page, shared_server.url + "race_batch_sizes?present=1")
    chart = page.get_by_test_id("stVegaLiteChart").first.locator("svg")
    expect(chart.get_by_text("tokens seen")).to_be_attached()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    box = chart.bounding_box()
    assert box["y"] + box["height"] / 2 < height  # its upper half is in view
    expect(page.get_by_role("button", name="Start the race")).to_be_hidden()  # the settings are folded


def test_a_button_leads_there_and_back(shared_server, page):
    load(page, shared_server.url + "race_batch_sizes")
    page.get_by_role("button", name="Present").click()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page).to_have_url(re.compile("present=1"))
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


def test_full_screen_shows_a_chart_with_its_axes(shared_server, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    load(page, shared_server.url + "race_batch_sizes")
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart.locator("svg").get_by_text("tokens seen")).to_be_attached()
    chart.hover()
    page.get_by_role("button", name="Fullscreen").first.evaluate("e => e.click()")
    wide = "() => document.querySelector('[data-testid=stVegaLiteChart] svg')?.getBoundingClientRect().width > 1200"
    page.wait_for_function(wide)
    chart = page.get_by_test_id("stVegaLiteChart").first.locator("svg")
    box = chart.get_by_text("tokens seen").bounding_box()
    assert box["y"] + box["height"] <= 720 and chart.bounding_box()["width"] > 1200
