"""The page for teachers in a browser: its links, and how its sheets come out of a printer."""

import re

import pytest
from playwright.sync_api import expect

from core.settings.declared import SHEETS
from tests.app.axe import ALL_OF_IT, findings, turn
from tests.app.browsing import TITLES, load

pytestmark = pytest.mark.browser

A_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")  # of a PDF
A4 = {"width": 680, "height": 962}  # in pixels, without margins


def open_sheet(page, server, name: str):
    """The part of the page that holds it."""
    load(page, f"{server.url}for_teachers?sheet={name}")
    sheet = page.locator(f".st-key-sheet_{name}")
    expect(sheet.get_by_role("heading", level=2)).to_be_visible()
    return sheet


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_worksheet_is_two_pages_of_black_on_white_and_nothing_else(shared_server, page, theme):
    page.emulate_media(color_scheme=theme)
    sheet = open_sheet(page, shared_server, "worksheet")
    last = sheet.locator("hr").last
    assert 1 <= len(A_PAGE.findall(page.pdf(format="A4"))) <= 2

    page.emulate_media(media="print", color_scheme=theme)
    page.set_viewport_size(A4)
    shown = page.locator("body").inner_text()
    assert "When would you choose a large batch" in shown
    assert not any(each in shown for each in ("Hold a class", "Ctrl+P", "Before the class", TITLES["for_teachers"]))
    bottom = last.evaluate("e => e.getBoundingClientRect().bottom + window.scrollY")
    assert A4["height"] < bottom <= page.evaluate("() => document.documentElement.scrollHeight")  # nothing is cut off
    for part in ("p", "td", "th", "h2", "h3"):
        expect(sheet.locator(part).first).to_have_css("color", "rgb(0, 0, 0)")
    for line in (sheet.locator("td").first, last):
        expect(line).to_have_css("border-bottom-color", "rgb(0, 0, 0)")


def test_what_is_folded_in_a_plan_is_printed(shared_server, page):
    sheet = open_sheet(page, shared_server, "plan_15")
    help = sheet.get_by_text("You went on too early")
    expect(help).not_to_be_visible()
    page.emulate_media(media="print")
    expect(help).to_be_visible()


def test_a_link_of_a_plan_opens_its_page_in_another_tab_with_its_settings(shared_server, page):
    sheet = open_sheet(page, shared_server, "plan_15")
    with page.context.expect_page() as opened:
        sheet.get_by_role("link", name="A batch, to show").click()
    there = opened.value
    there.set_default_timeout(60_000)
    expect(there.get_by_role("heading", level=1)).to_have_text(TITLES["make_a_batch"])
    expect(there.get_by_role("spinbutton", name=re.compile("Block size"))).to_have_value("16")
    expect(there.get_by_role("button", name="Leave")).to_be_visible()  # as for a projector
    there.close()


def test_every_sheet_can_be_used_by_everyone(shared_server, page):
    page.set_viewport_size(ALL_OF_IT)
    for name in SHEETS:
        open_sheet(page, shared_server, name)
        for theme in ("light", "dark"):
            turn(page, theme)
            found = findings(page)
            assert "color-contrast" in found["passes"]
            assert not found["ours"], "\n\n".join([name, theme, *found["ours"]])
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth") <= 390
        page.set_viewport_size(ALL_OF_IT)
