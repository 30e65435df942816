"""The app as a visitor meets it, in Chromium."""

import re

import pytest
from playwright.sync_api import expect

from tests.app.browsing import LINKS, TITLES, load, open_fold

pytestmark = pytest.mark.browser

TEXT = "She sells sea shells by the sea shore, and the shells she sells are sea shells for sure.\n" * 30
PROGRESS = re.compile(r"Running: ([\d.]+)k of")


def test_there_are_links_to_all_pages(shared_server, page):
    load(page, shared_server.url)
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_text([re.compile(name) for name in LINKS])


def visit(page, lesson: str) -> None:
    page.get_by_test_id("stSidebarNavItems").get_by_role("link", name=lesson).click()


def open_own_text(page, text: str) -> None:
    page.get_by_role("textbox", name="Paste a text").fill(text)
    page.get_by_role("button", name="Use this text").click()


def test_from_pasted_text_to_a_race_that_survives_everything(shared_server, page):
    load(page, shared_server.url + "make_a_batch?text=pasted&T=8&tokens=2000000")
    open_own_text(page, TEXT)
    x, y = page.get_by_test_id("batch-x"), page.get_by_test_id("batch-y")
    expect(x.locator("td")).to_have_count(4 * 8)
    first = x.locator("td").all_inner_texts()
    assert y.locator("td").all_inner_texts()[:7] == first[1:8]  # y is x one on
    page.get_by_role("button", name="Next batch").click()
    expect(page.get_by_text("64 tokens read")).to_be_visible()
    assert x.locator("td").all_inner_texts() != first

    visit(page, "Race batch sizes")
    page.get_by_role("button", name="Start the race").click()
    expect(page.get_by_text(PROGRESS)).to_be_visible(timeout=30_000)
    assert "race=" in page.url and "sea" not in page.url

    def progress() -> float:
        return float(PROGRESS.search(page.get_by_text(PROGRESS).first.inner_text()).group(1))

    charts = page.get_by_test_id("stVegaLiteChart")
    expect(charts).to_have_count(5)  # three panels, the noise, the validation losses
    expect(charts.first.locator("svg path[stroke-width='2.2']").first).to_be_attached()
    node = charts.first.locator("svg").element_handle()
    before = progress()
    page.wait_for_function(
        "before => { const m = document.body.innerText.match(/Running: ([\\d.]+)k of/); return m && +m[1] > before }",
        arg=before,
    )
    assert node.evaluate("n => n.isConnected")  # only the data changed

    visit(page, "Follow the shapes")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES["follow_the_shapes"])
    open_fold(page, "tensors, one by one")
    expect(page.get_by_text("scaled_dot_product_attention").first).to_be_visible()
    visit(page, "Race batch sizes")
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    later = progress()
    assert later > before

    expect(page).to_have_url(re.compile("race="))
    page.reload()
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    assert progress() >= later
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused at")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(PROGRESS)).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped:")).to_be_visible()
    expect(page.get_by_role("button", name="Start the race")).to_be_enabled()
    visit(page, "Make a batch")
    expect(page.get_by_role("textbox", name="Paste a text")).to_have_value(TEXT)  # the race kept it


def test_a_pasted_text_survives_a_reload_in_its_own_tab_and_nowhere_else(shared_server, page):
    text = "Where the river bends, </script> the heron waits. \N{HONEYBEE}\n" * 9
    address = shared_server.url + "make_a_batch?text=pasted&T=8"
    load(page, address)
    box = page.get_by_role("textbox", name="Paste a text")
    box.fill(text)
    box.press("Control+Enter")
    expect(page.get_by_test_id("batch-x")).to_be_visible()
    page.wait_for_function("() => sessionStorage.length > 0")
    page.reload()
    expect(box).to_have_value(text)
    expect(page.get_by_test_id("batch-x")).to_be_visible()
    visit(page, "Pack documents")
    assert "heron" not in page.url

    with page.context.expect_page() as opened:
        page.evaluate("address => window.open(address, '_blank', 'noopener')", address)
    other = opened.value
    expect(other.get_by_text("a text is never part of a link")).to_be_visible()
    expect(other.get_by_role("textbox", name="Paste a text")).to_have_value("")
    other.close()

    visit(page, "Make a batch")
    expect(box).to_have_value(text)
    box.fill("")
    box.press("Control+Enter")
    expect(page.get_by_text("No text is in use yet")).to_be_visible()
    page.wait_for_function("() => sessionStorage.getItem('batchscope-text') === null")
    page.reload()
    expect(page.get_by_text("a text is never part of a link")).to_be_visible()
    expect(box).to_have_value("")


def test_pointing_at_a_cell_shows_its_place_without_a_rerun(shared_server, page):
    load(page, shared_server.url + "make_a_batch?text=lighthouse&T=8")
    cell = page.get_by_test_id("batch-x").locator("td[data-b='1'][data-t='3']")
    expect(cell).to_be_visible()
    page.wait_for_timeout(500)
    sent = []
    page.on("websocket", lambda socket: sent.append("a new connection"))
    page.evaluate(
        "() => { window.sent = 0; const send = WebSocket.prototype.send;"
        " WebSocket.prototype.send = function (data) { window.sent++; return send.call(this, data) } }"
    )
    cell.hover()
    expect(page.get_by_test_id("batch-status")).to_contain_text("x[1, 3] is")
    marked = page.get_by_test_id("batch-text").locator(".token.here")
    expect(marked).to_have_text(cell.inner_text())
    cell.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("batch-status")).to_contain_text("x[1, 4] is")
    page.wait_for_timeout(500)
    assert page.evaluate("window.sent") == 0 and not sent


def test_x_and_y_show_the_same_columns_and_a_row_its_place_in_the_text(shared_server, page):
    load(page, shared_server.url + "make_a_batch?T=128")
    x, y = (page.get_by_test_id(f"batch-{name}") for name in "xy")
    shown = "grid => grid.parentElement.scrollLeft"
    x.evaluate("grid => grid.parentElement.scrollLeft = 300")
    page.wait_for_timeout(300)
    assert x.evaluate(shown) == y.evaluate(shown) == 300
    y.evaluate("grid => grid.parentElement.scrollLeft = 40")
    page.wait_for_timeout(300)
    assert x.evaluate(shown) == y.evaluate(shown) == 40
    text, button = page.get_by_test_id("batch-text"), x.get_by_role("button", name="row 3")
    button.click()
    begins = text.locator(".token.in-3").first.bounding_box()
    box = text.bounding_box()
    assert box["y"] <= begins["y"] and begins["y"] + begins["height"] <= box["y"] + box["height"]


def test_html_and_markdown_are_shown_and_never_run(shared_server, page):
    attack = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script> **bold** " * 8
    load(page, shared_server.url + "make_a_batch?text=pasted&T=8")
    open_own_text(page, attack)
    expect(page.get_by_test_id("batch-text")).to_contain_text("onerror")
    assert page.evaluate("window.hacked") is None
    assert page.get_by_test_id("batch-view").locator("img, script").count() == 0


def test_a_large_upload_is_refused_and_a_binary_one_is_answered(shared_server, page, tmp_path):
    (tmp_path / "large.txt").write_bytes(b"many words " * 4_800_000)
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00" * 20)
    load(page, shared_server.url + "make_a_batch?text=pasted")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(tmp_path / "large.txt")
    expect(page.get_by_text("must be 5.0MB or smaller")).to_be_visible()
    chooser.set_input_files(tmp_path / "picture.txt")
    expect(page.get_by_text("not a text file")).to_be_visible()


def test_a_rate_that_diverges_ends_those_runs_with_a_sentence(shared_server, page):
    load(
        page,
        shared_server.url + "race_batch_sizes?text=lighthouse&T=8&layers=1&channels=16&tokens=20000&lr=100&seeds=1",
    )
    page.get_by_role("button", name="Start the race").click()
    expect(page.get_by_text(re.compile("diverged after \\d+ steps?")).first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Done:")).to_be_visible()
