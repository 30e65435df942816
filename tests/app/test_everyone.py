"""For everyone: nothing that axe calls serious or critical, on any page, light or dark, that is ours; and what it does
not look at: titles, a chart's description, what is cut off, what a thumb can hit, where the keyboard is."""

import re

import pytest
from playwright.sync_api import expect

from core.charts import PALETTES
from tests.app.axe import ALL_OF_IT, findings, turn
from tests.app.browsing import TITLES, load, open_fold, settled

pytestmark = pytest.mark.browser

TALLEST = 2_200  # pixels at 1400, before anything is unfolded
SCREENS = ((1400, 900), (1280, 720), (390, 844))  # the last is a phone
CHART = "[data-testid=stVegaLiteChart]"
PICTURES = {  # the answer of a page as a picture, where that is not its first chart
    "make_a_batch": "[data-testid=batch-x]",
    "follow_the_shapes": "[data-testid=shapes-way]",
    "inside_one_step": "[data-testid=batch-x]",
    "check_the_claims": ".st-key-all_claims",
    "summary": "table.summary",
    "pack_documents": "[data-testid=packed-rows]",
}
ON_A_PHONE = {"check_the_claims": CHART}  # of the claim that is chosen
WITHOUT = {"words", "hold_a_class", "for_teachers"}
CUT_OFF = """() => [...document.querySelectorAll(
    ":is([data-testid=stButton], [data-testid=stButtonGroup], [data-testid=stMultiSelect], [data-testid=stMetric]) *"
)].filter(e => e.clientWidth > 1 && getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.innerText)"""

CHARTS = """() => [...document.querySelectorAll("[data-testid=stVegaLiteChart]")].map(chart => [
    chart.ariaLabel,
    [...chart.closest("[data-testid=stFullScreenFrame]").querySelectorAll("button")].map(button => button.ariaLabel),
])"""


@pytest.fixture(scope="module")
def tab(shared_server, context):
    """One that goes from page to page by the menu."""
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    opened.set_viewport_size(ALL_OF_IT)
    load(opened, shared_server.url)
    settled(opened, "")
    yield opened
    opened.close()


@pytest.mark.parametrize("address", TITLES)
def test_a_page_can_be_used_by_everyone(tab, address, shared_server):
    link = tab.locator(f"[data-testid=stSidebarNavLink][href='{shared_server.url}{address}']")
    link.click()
    settled(tab, address)
    expect(tab).to_have_title(f"{link.inner_text().splitlines()[-1]} · Batchscope")
    for theme in PALETTES:
        turn(tab, theme)
        settled(tab, address)
        found = findings(tab)
        assert {"color-contrast", "button-name", "label"} & set(found["passes"])  # it has looked
        assert not found["ours"], "\n\n".join([theme, *found["ours"]])

    assert tab.get_by_test_id("stMain").evaluate("e => e.scrollHeight <= e.clientHeight")  # it has seen all

    assert tab.evaluate(CUT_OFF) == []
    for label, buttons in tab.evaluate(CHARTS):
        assert len(label) > 40 and "Fullscreen" in buttons
        assert max(map(len, buttons)) < 30  # they do not say the description again
    fits_its_screens(tab, address)


def fits_its_screens(tab, address: str) -> None:
    """No page is a long way down, none scrolls sideways on a phone, and the picture is there on opening."""
    for width, height in SCREENS:
        tab.set_viewport_size({"width": width, "height": height})
        tab.wait_for_timeout(300)
        for part in ("html", "[data-testid=stMain]"):
            assert tab.locator(part).evaluate("e => e.scrollWidth") <= width
        if width == 1400:
            assert tab.get_by_test_id("stMain").evaluate("e => e.scrollHeight") <= TALLEST
        if address not in WITHOUT:
            its_picture_is_there_on_opening(tab, address)
    tab.set_viewport_size(ALL_OF_IT)


def its_picture_is_there_on_opening(tab, address: str) -> None:
    """Its upper half is in view; on a phone it begins within a screen and a half."""
    width, height = tab.viewport_size["width"], tab.viewport_size["height"]
    name = PICTURES.get(address, CHART)
    if phone := width < 400:
        name = ON_A_PHONE.get(address, name)
    box = tab.locator(name).first.bounding_box()
    assert box["height"] > 80  # drawn
    reaches, bound = (box["y"], 1.5 * height) if phone else (box["y"] + box["height"] / 2, height)
    assert reaches <= bound, f"{address} at {width}: {reaches:.0f}, not {bound:.0f}"


def test_what_a_budget_reads_of_an_own_text_leaves_the_picture_in_view(shared_server, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    load(page, shared_server.url + "make_a_batch?source=pasted")
    page.get_by_role("textbox", name="Paste a text").fill("The heron waits where the river bends.\n" * 18)
    page.get_by_role("button", name="Use this text").click()
    expect(page.get_by_text("In use:")).to_be_visible()
    page.get_by_test_id("stSidebarNavLink").get_by_text("Race batch sizes").click()
    expect(page.get_by_role("button", name="read it")).to_be_visible()
    expect(page.locator(CHART).first.locator("svg")).to_be_visible()
    settled(page, "race_batch_sizes")
    its_picture_is_there_on_opening(page, "race_batch_sizes")


@pytest.mark.parametrize("layer, says", [(9999999, "2.26"), (-1, "overlapped by another element")])
def test_axe_finds_what_once_was_there(tab, layer, says):
    """White on the light blue that buttons had in the dark; and the same where the page covers it."""
    look = f"color: #FFFFFF; background: #6FB3E8; position: fixed; inset: 0 auto auto 0; z-index: {layer}"
    bad = f"<p id=bad style='{look}'>Start the race</p>"
    tab.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", bad)
    found = findings(tab)["ours"]
    tab.evaluate("() => document.querySelector('#bad').remove()")
    assert [finding for finding in found if finding.startswith("color-contrast") and says in finding]


def test_where_the_keyboard_is_can_be_seen_in_the_menu(tab):
    link = tab.get_by_test_id("stSidebarNavLink").nth(3)
    tab.get_by_test_id("stSidebarNavLink").nth(2).focus()
    tab.keyboard.press("Tab")
    expect(link).to_be_focused()
    assert link.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth") == "solid3px"


def test_a_thumb_can_take_a_batch_size_away(shared_server, page):
    page.set_viewport_size({"width": 390, "height": 844})
    load(page, shared_server.url + "measure_the_noise")
    settled(page, "measure_the_noise")
    crosses = page.get_by_role("button", name=re.compile(r"^Remove \d"))
    expect(crosses.first).to_be_visible()
    boxes = [cross.bounding_box() for cross in crosses.all()]
    assert len(boxes) >= 2 and min(min(box["width"], box["height"]) for box in boxes) >= 32
    assert max(box["x"] + box["width"] for box in boxes) < 390


def test_the_table_of_shapes_fits_a_phone(shared_server, page):
    page.set_viewport_size({"width": 390, "height": 844})
    load(page, shared_server.url + "follow_the_shapes")
    settled(page, "follow_the_shapes")
    open_fold(page, "tensors, one by one")
    table = page.get_by_role("region", name="Every tensor of a forward pass")
    expect(table).to_contain_text("float32")
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth")
    expect(table.get_by_role("row").first).to_be_attached()  # still a table to those who hear it
