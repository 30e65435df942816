"""The pages of the strategies: what they prove, and what goes wrong on purpose."""

import re

import pytest
from playwright.sync_api import expect

from core.strategies import ACCUMULATION_MISTAKES, PARALLEL_MISTAKES
from tests.app.browsing import load, open_fold

SMALL = "text=lighthouse&T=8&layers=1&heads=2&channels=16&"


def test_a_recorded_training_over_ranks_teaches_first(app):
    test = app("distribute_the_batch")
    text = " ".join(part.value for part in test.markdown)
    assert not test.exception and "recorded on" in text
    assert "4 × 2 × 2 = 16 windows" in text and "**The same gradient**: the average over 2 ranks" in text
    assert re.search(r"by [1-9]\s×\s10⁻[⁶⁷⁸⁹] of its length", text) and "their weights stay equal" in text
    assert list(test.table[0].value.index) == ["rank 0", "rank 1"]


def test_what_a_pipeline_takes_is_computed(app):
    text = " ".join(part.value for part in app("distribute_the_batch", stages="4", in_pipe="12").markdown)
    assert "112 GB" in text and "28.0 GB" in text and "**20%**" in text  # 16 x 7e9 bytes, a quarter; 3 of 15 slots


@pytest.mark.browser
def test_the_two_gradients_and_every_mistake(page, shared_server):
    load(page, f"{shared_server.url}accumulate_gradients?{SMALL}micro=2&parts=4&targets=uneven")
    page.get_by_text("B = 2 × 4 = 8 windows").wait_for()
    page.get_by_text("Largest difference of one weight").wait_for()
    difference = page.get_by_test_id("stMetricValue").nth(1).inner_text()
    assert re.match(r"\d × 10⁻[⁶⁷⁸⁹]|0", difference)
    said = set()
    for mistake in ACCUMULATION_MISTAKES:
        load(page, f"{shared_server.url}accumulate_gradients?{SMALL}micro=2&parts=4&targets=uneven&mistake={mistake}")
        page.get_by_text("What people ask").wait_for()
        said.add(page.get_by_text(re.compile("theory|updates\\*{0,2} instead|gradient longer than")).first.inner_text())
    assert len(said) == len(ACCUMULATION_MISTAKES)
    page.get_by_role("button", name="Time every split").click()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    page.get_by_text("B = 8 in micro-batches of 2 holds").wait_for()
    open_fold(page, "The charts in numbers")
    expect(page.get_by_role("row", name=re.compile("^2 4 "))).to_be_visible()


@pytest.mark.browser
def test_ranks_run_from_the_page(page, shared_server):
    mistake = PARALLEL_MISTAKES[0]
    load(page, f"{shared_server.url}distribute_the_batch?{SMALL}rank_steps=3&rank_mistake={mistake}")
    page.get_by_role("button", name="Start the ranks").click()
    page.get_by_text("Done: 100%").wait_for(timeout=90_000)
    page.get_by_text("2 ranks do the work of one").wait_for()
    assert "parallel=" in page.url
