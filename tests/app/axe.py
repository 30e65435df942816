"""What axe, which looks for what keeps people from using a page, finds of ours."""

from importlib.resources import files

from playwright.sync_api import expect

from core.charts import PALETTES

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
ALL_OF_IT = {"width": 1200, "height": 6000}  # it does not see what has to be scrolled into view
STREAMLITS_OWN = {  # rule: the elements that Streamlit makes so, and we cannot change
    "list": "[data-testid=stSidebarNavItems]",  # sections of the menu, as <ul> <div> <li>
    "listitem": "[data-testid=stSidebarNavItems] > div > li",
}
FINDINGS = """async (own) => {
    // at a letter that is half scrolled away it ends with an error, and has looked at nothing
    const looked = node => node.any.length && node.any[0].data.messageKey !== "nonBmp";
    const page = {exclude: ["svg.marks"]};  // a chart's place has a role and a name; its thousand marks have none
    const found = await axe.run(page, {elementRef: true, iframes: false});
    const unseen = found.incomplete.filter(rule => rule.id === "color-contrast")  // what something else covers, say
        .map(rule => ({...rule, nodes: rule.nodes.filter(looked)}));
    const nodes = [...found.violations, ...unseen]
        .filter(rule => ["serious", "critical"].includes(rule.impact))
        .flatMap(rule => rule.nodes.map(node => [rule.id, node]))
        .filter(([id, node]) => !(own[id] && node.element.matches(own[id])));
    return {
        passes: found.passes.map(rule => rule.id),
        ours: nodes.map(([id, node]) => `${id}: ${node.failureSummary}\\n${node.html.slice(0, 300)}`),
    };
}"""


def findings(page) -> dict:
    """`ours`: a sentence for each that it calls serious or critical, of what is in view; `passes`: the rules that it
    has looked at."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(f"() => {{ {AXE} }}")
    return page.evaluate(FINDINGS, STREAMLITS_OWN)


def turn(page, theme: str) -> None:
    """To light or dark, as a visitor's system does while a page is open; what the server coloured follows."""
    page.emulate_media(color_scheme=theme)
    channels = [int(PALETTES[theme].background[k : k + 2], 16) for k in (1, 3, 5)]
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", f"rgb({', '.join(map(str, channels))})")
    expect(page.locator(f".st-key-theme [data-theme={theme}]")).to_be_attached()
