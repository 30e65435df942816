"""A class in three browsers, a teacher's, a student's phone and the board, which walk an activity."""

import re

import pytest

from tests.app.axe import ALL_OF_IT, findings, turn
from tests.app.browsing import at_rest, load


@pytest.fixture
def three(browser):
    """(teacher, phone, board): three browsers that share nothing."""
    sizes = ((1400, 900), (390, 844), (1920, 1080))
    contexts = [browser.new_context(viewport={"width": w, "height": h}) for w, h in sizes]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.set_default_timeout(60_000)
    yield pages
    for context in contexts:
        context.close()


def can_be_used(*pages) -> None:
    """By everyone, in either theme."""
    for page in pages:
        size = page.viewport_size
        page.set_viewport_size(ALL_OF_IT)
        page.add_style_tag(content="[data-testid=stHeader] { display: none; }")  # it lies, clear as glass, over a title
        for theme in ("dark", "light"):
            turn(page, theme)
            at_rest(page)
            assert (found := findings(page))["ours"] == [], "\n\n".join([page.url, theme, *found["ours"]])
        page.set_viewport_size(size)


@pytest.mark.browser
def test_three_browsers_walk_an_activity(shared_server, three):
    from playwright.sync_api import expect

    teacher, phone, board = three
    address = f"{shared_server.url}hold_a_class"
    load(teacher, address)
    teacher.get_by_role("button", name="Open a class").click()
    expect(teacher.get_by_text("Choose an activity")).to_be_visible()
    code = re.search("class_code=([A-Z]{5})", teacher.url)[1]
    load(board, f"{address}?class_code={code}&class_role=board&present=1")
    expect(board.get_by_role("img", name="QR code")).to_be_visible()
    load(phone, f"{address}?class_code={code}")
    phone.get_by_role("button", name="Join the class").click()
    expect(phone.get_by_text("You are in.")).to_be_visible()
    expect(board.get_by_text("1 member of")).to_be_visible()
    can_be_used(teacher, phone, board)

    teacher.get_by_role("button", name="Begin", exact=True).click()
    field = phone.get_by_role("spinbutton")
    field.fill("16")
    field.press("Tab")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("Your answer is in")).to_be_visible()
    expect(board.get_by_text("1 of 1 have answered")).to_be_visible()
    assert "16" not in board.get_by_test_id("stMain").inner_text()  # how many, never what
    can_be_used(teacher, phone, board)

    phone.reload()  # another session, the same seat
    expect(phone.get_by_text("Your answer is in")).to_be_visible()
    teacher.get_by_role("button", name="Show the answers").click()
    expect(phone.get_by_text("Look at the board")).to_be_visible()
    expect(board.get_by_role("heading", name="At first")).to_be_visible()

    teacher.reload()
    for label, said in (("Predict again", "Predict once more"), ("On to the measurement", "Now it is measured")):
        teacher.get_by_role("button", name=label).click()
        expect(phone.get_by_text(said)).to_be_visible()
    teacher.get_by_role("button", name="Start the race").click()
    expect(phone.get_by_text("your seed, 0").first).to_be_visible()
    teacher.get_by_role("button", name="Stop the race").click()
    expect(teacher.get_by_role("button", name="Measure once more")).to_be_visible()
    teacher.get_by_role("button", name="Compare").click()
    expect(phone.get_by_text("You answered “16 times”.")).to_be_visible()
    expect(board.get_by_role("heading", name="After the discussion")).to_be_visible()
    can_be_used(teacher, phone, board)

    teacher.get_by_role("button", name="End the class").click()
    teacher.get_by_role("button", name="End it and delete them").click()
    expect(phone.get_by_text("It may have ended")).to_be_visible()
    at_rest(teacher)
