"""The last lesson's page: the recorded numbers at first, one's own where there are any; the check by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from core.experiments.registry import to_json
from core.lab.recording import RECORDINGS, read_recording
from core.lab.store import Store
from core.lessons.summary.questions import TEXTS
from core.lessons.summary.quiz import QUESTIONS
from tests.app.browsing import load


def said(test) -> str:
    return " ".join(part.value for part in test.markdown)


def tables(test) -> list[str]:
    return [part.proto.body for part in test.get("html") if "<table" in part.proto.body]


def test_the_recorded_numbers_answer_first(app):
    test = app("summary")
    assert not test.exception and not test.warning
    assert re.search(
        r"In the recorded runs, B = \d+.* reaches a validation loss of \d\.\d\d nats first", test.markdown[1].value
    )
    sizes, strategies = tables(test)
    assert sizes.count("recorded:") == 4 * 7 and "yours" not in sizes  # a head and three rows of seven columns
    assert strategies.count("counted on a sample:") == 1 and "yours" not in strategies
    assert "not measured" not in sizes


def test_one_s_own_race_takes_the_place_of_the_recorded_one(app, tmp_path):
    kept, store = read_recording(RECORDINGS["claim_race"]), Store(f"sqlite:///{tmp_path}/app.db")
    experiment_id = store.create(to_json(kept.spec), "To be or not to be. " * 20)
    store.append(experiment_id, kept.messages)
    test = app("summary", race=experiment_id)
    assert not test.exception
    sizes, _ = tables(test)
    assert "512" in sizes and sizes.count("yours:") == 4 * 4  # updates, speed, noise, validation
    assert f"race_batch_sizes?race={experiment_id}" in sizes  # a link keeps what the visitor has


def test_one_s_own_documents_are_counted(app):
    test = app("summary", documents="four", row_length="16")
    _, strategies = tables(test)
    assert "36.4%" in strategies and "yours: <a href" in strategies  # 4, 8, 5 and 11 letters: 16 of 44 slots


def test_documents_that_cannot_be_packed_leave_the_sample_s(app):
    test = app("summary", documents="pasted")
    assert not test.exception and "counted on a sample" in tables(test)[1]


def test_an_experiment_that_is_gone_is_told(app):
    assert "is not here" in app("summary", sweep="gone").warning[0].value


def test_each_answer_is_answered(app):
    test = app("summary")
    for number, question in enumerate(QUESTIONS, 1):
        right = 0
        for option in TEXTS[question.name].options:
            assert test.radio[0].label.startswith(f"Question {number} of 9.")
            test.radio[0].set_value(option)
            test.button(key="summary_check").click().run()
            assert len(test.success) + len(test.info) == 1
            right += len(test.success)
        assert right == 1
        test.button(key="summary_next").click().run()
        assert not test.success and not test.info
    assert test.radio[0].label.startswith("Question 1 of 9.")


@pytest.mark.browser
def test_the_check_works_by_keyboard_and_the_page_is_short(page, shared_server):
    load(page, f"{shared_server.url}summary")
    group = page.get_by_role("radiogroup", name=re.compile("Question 1 of 9"))
    expect(group).to_be_visible()
    page.wait_for_timeout(700)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight") < 2200
    page.get_by_role("button", name="Check", exact=True).press("Enter")
    expect(page.get_by_text("Choose an answer first.")).to_be_visible()
    group.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    expect(group.get_by_role("radio").first).to_be_checked()
    page.get_by_role("button", name="Check", exact=True).press("Enter")
    expect(page.get_by_role("status").filter(has_text="Recorded:")).to_be_visible()
    expect(page.get_by_role("link", name="Measured in Distribute the batch")).to_be_visible()
    page.get_by_role("button", name="Next question").press("Enter")
    expect(page.get_by_role("radiogroup", name=re.compile("Question 2 of 9"))).to_be_visible()


@pytest.mark.browser
def test_a_table_s_link_opens_its_lesson_in_the_same_tab(page, shared_server):
    load(page, f"{shared_server.url}summary?T=16")
    table = page.get_by_role("table", name="Batch size in practice")
    expect(table.get_by_role("columnheader")).to_have_count(8)
    table.get_by_role("link", name="Measure the noise").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How far is a batch from the truth?")
    assert "measure_the_noise?T=16" in page.url
