"""For everyone: nothing that axe calls serious or critical, on any page, light or dark, that is ours; and what it does
not look at: titles, a chart's description, what is cut off, what a thumb can hit, where the keyboard is."""

from importlib.resources import files

import pytest
from playwright.sync_api import expect

from core.charts import PALETTES
from tests.app.titles import TITLES

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
STREAMLITS_OWN = {  # rule: the elements that Streamlit makes so, and we cannot change
    "list": "[data-testid=stSidebarNavItems]",  # sections of the menu, as <ul> <div> <li>
    "listitem": "[data-testid=stSidebarNavItems] > div > li",
}
FINDINGS = """async (own) => {
    const found = await axe.run(document, {elementRef: true, iframes: false});
    const nodes = found.violations
        .filter(rule => ["serious", "critical"].includes(rule.impact))
        .flatMap(rule => rule.nodes.map(node => [rule.id, node]))
        .filter(([id, node]) => !(own[id] && node.element.matches(own[id])));
    return {
        passes: found.passes.map(rule => rule.id),
        ours: nodes.map(([id, node]) => `${id}: ${node.failureSummary}\\n${node.html.slice(0, 300)}`),
    };
}"""
CUT_OFF = """() => [...document.querySelectorAll(
    ":is([data-testid=stButton], [data-testid=stButtonGroup], [data-testid=stMultiSelect], [data-testid=stMetric]) *"
)].filter(e => e.clientWidth > 1 && getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.innerText)"""


@pytest.fixture(scope="module", params=list(PALETTES))
def tab(request, shared_server, context):
    """One a theme, that goes from page to page by the menu."""
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    opened.set_viewport_size({"width": 1200, "height": 800})
    opened.emulate_media(color_scheme=request.param)
    opened.goto(shared_server.url)
    opened.theme = request.param
    yield opened
    opened.close()


def settled(page, address: str) -> None:
    """The page is there as a whole: its question, and nothing that still runs."""
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[address])
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()
    expect(page.get_by_test_id("stSpinner")).to_have_count(0)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


@pytest.mark.parametrize("address", TITLES)
def test_a_page_can_be_used_by_everyone(tab, address, shared_server):
    link = tab.locator(f"[data-testid=stSidebarNavLink][href='{shared_server.url}{address}']")
    link.click()
    settled(tab, address)
    expect(tab).to_have_title(f"{link.inner_text().splitlines()[-1]} · Batchscope")
    background = tab.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    channels = [int(PALETTES[tab.theme].background[k : k + 2], 16) for k in (1, 3, 5)]
    assert background == f"rgb({', '.join(map(str, channels))})"

    tab.evaluate(f"() => {{ {AXE} }}")
    found = tab.evaluate(FINDINGS, STREAMLITS_OWN)
    assert {"color-contrast", "button-name", "label"} & set(found["passes"])  # it has looked
    assert not found["ours"], "\n\n".join(found["ours"])

    assert tab.evaluate(CUT_OFF) == []
    for chart in tab.get_by_test_id("stFullScreenFrame").filter(has=tab.get_by_test_id("stVegaLiteChart")).all():
        assert len(chart.locator("svg.marks").get_attribute("aria-label")) > 40
        buttons = [button.get_attribute("aria-label") for button in chart.get_by_role("button").all()]
        assert "Fullscreen" in buttons and max(map(len, buttons)) < 30  # they do not say the description again
