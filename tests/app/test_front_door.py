"""The way in, as someone who has never been here takes it, in Chromium."""

import pytest

from tests.app.conftest import fresh_server
from tests.app.titles import LINKS

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
