"""The way in, as someone who has never been here takes it, in Chromium."""

import re

import pytest
from playwright.sync_api import expect

from tests.app.browsing import LINKS, TITLES, load
from tests.app.conftest import fresh_server

pytestmark = pytest.mark.browser

WATCH_THE_MENU = """() => {
  window.menus = [];
  const note = () => {
    const links = [...document.querySelectorAll("[data-testid=stSidebarNavLink]")].map((link) => link.innerText);
    if (links.length) window.menus.push(links);
  };
  new MutationObserver(note).observe(document, { childList: true, subtree: true, characterData: true });
}"""


@pytest.mark.parametrize("path", ["", "race_batch_sizes"])
def test_the_menu_of_a_server_s_first_request_is_ours_from_the_beginning(context, tmp_path, path):
    with fresh_server(tmp_path) as server:
        page = context.new_page()
        page.add_init_script(f"({WATCH_THE_MENU})()")
        page.goto(server.url + path)
        page.get_by_role("heading", level=1).wait_for(timeout=60_000)
        menus = page.evaluate("window.menus")
        page.close()
    assert menus and all(len(menu) <= len(LINKS) for menu in menus)
    shown = {link.split("\n")[-1] for menu in menus for link in menu}
    assert shown and all(any(link.startswith(name) for name in LINKS) for link in shown), shown


def test_the_ways_in_are_in_view_on_opening(shared_server, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    load(page, shared_server.url)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)  # a small batch and a large one
    for name in ("Watch a race", "Use my own text"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)


def test_each_reason_has_its_number_and_the_page_that_measured_it(shared_server, page):
    load(page, shared_server.url)
    for words in ("times as fast", "a window", "times smoother"):
        expect(page.get_by_text(re.compile(rf"\d {words}|\d kB {words}"))).to_be_visible()
    page.get_by_test_id("stPageLink").get_by_role("link", name="Measured in Measure the noise").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES["measure_the_noise"])


def test_one_click_from_the_front_door_to_a_race_that_runs(shared_server, page):
    load(page, shared_server.url + "?text=lighthouse&T=8&layers=1&channels=16&tokens=4000000&seeds=1")
    page.get_by_role("button", name="Watch a race").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES["race_batch_sizes"])
    expect(page.get_by_text(re.compile("Running: .* of"))).to_be_visible()
    assert "race=" in page.url and "source=lighthouse" in page.url  # with the settings that stood there
    page.get_by_test_id("stSidebarNavItems").get_by_role("link", name="Start").click()
    expect(page).to_have_url(re.compile("race="))
    mine = re.search("race=([^&]+)", page.url).group(1)
    page.get_by_role("button", name="Watch a race").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES["race_batch_sizes"])
    assert f"race={mine}" in page.url  # the one that runs, not a second one
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped:")).to_be_visible()


def test_a_race_that_cannot_start_is_a_sentence_at_the_front_door(shared_server, page):
    load(page, shared_server.url + "?heads=3")
    page.get_by_role("button", name="Watch a race").click()
    expect(page.get_by_text("cannot be shared equally")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[""])


def test_a_text_is_pasted_on_a_phone_without_a_keyboard_shortcut(shared_server, browser):
    text = "The heron waits where the river bends, and the river waits for nobody at all.\n" * 9
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    load(page, shared_server.url)
    page.get_by_role("button", name="Use my own text").tap()
    field = page.get_by_role("textbox", name="Paste a text")
    expect(field).to_be_visible()
    expect(page.get_by_text("No text is in use yet")).to_be_visible()
    expect(page.get_by_text("This text is too short")).to_have_count(0)
    field.tap()
    page.keyboard.insert_text(text)  # as a paste does: no key is pressed
    page.get_by_role("button", name="Use this text").tap()
    expect(page.get_by_text(f"In use: {len(text)} characters")).to_be_visible()
    expect(page.get_by_test_id("batch-x").locator("td")).to_have_count(4 * 32)
    assert "heron" not in page.url and "source=pasted" in page.url
    phone.close()
