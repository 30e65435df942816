"""The page of the orders: coverage at once, a recorded race at first, one's own when asked."""

import math
import re

import pytest
from playwright.sync_api import expect

from core.experiments.race.spec import RaceSpec
from core.experiments.registry import to_json
from core.lab.store import Store
from core.settings.limits import MAX_EXAMPLES
from tests.app.browsing import load, open_fold

SMALL = "text=kitchen&T=8&order_B=4&order_tokens=16000&order_seeds=2"


def unfold(test, *keys):
    for key in keys:
        test.session_state[f"fold_{key}"] = True
    test = test.run()
    assert not test.exception
    return test


def values_of(test):
    return " ".join(part.value for part in test.markdown)


def test_coverage_and_a_recorded_race_are_there_before_anything_was_run(app):
    test = app("choose_the_order")
    text = values_of(test)
    assert not test.exception and "recorded on" in text
    seen = [float(metric.value.rstrip("%")) for metric in test.metric]
    assert seen[0] == pytest.approx(100 * (1 - 1 / math.e), rel=0.01) and min(seen[1:]) > 99.9
    assert "**Shuffled** order has the lowest" in text and "sequential minus shuffled: **+" in text
    assert "**slow waves**" in text and "not measured" not in text


def test_the_charts_are_given_in_numbers_when_unfolded(app):
    test = unfold(app("choose_the_order"), "order_numbers")
    assert list(test.table[0].value.index) == ["random", "shuffled", "sequential"]
    assert "end of epoch 1" in " ".join(test.table[0].value.columns) and "Minus the change of random" in values_of(test)


def test_the_buttons_draw_more(app):
    test = app("choose_the_order", text="kitchen", order_B="4", drawn_examples="0")
    assert [metric.value for metric in test.metric] == ["0%"] * 3
    button = next(button for button in test.button if button.label == "One step (+4)")
    test = button.click().run()
    assert "**4 windows** of 32 tokens: 1 steps of B = 4" in values_of(test)
    test = next(button for button in test.button if button.label.startswith("One epoch")).click().run()
    assert "1.02 epochs" in values_of(test)  # 4 windows, and 203 that are an epoch


@pytest.mark.parametrize("query", [{"text": "kitchen", "T": "1"}, {"text": "mill", "T": "512", "order_B": "4096"}])
def test_the_most_examples_can_be_drawn(app, query):
    test = app("choose_the_order", drawn_examples=str(MAX_EXAMPLES), **query)
    assert not test.exception and f"**{MAX_EXAMPLES:,} windows**" in values_of(test)


def test_text_that_was_not_read_is_shown_with_visible_spaces(app):
    test = unfold(app("choose_the_order", text="kitchen", drawn_examples="50"), "order_unread")
    first, shown = test.code[0].value.split("\n")[:2]
    assert first.endswith("on:") and "·" in shown and " " not in shown.removesuffix(" …")


def test_a_race_of_batch_sizes_is_no_race_of_orders(app, tmp_path):
    race = RaceSpec(text="To be or not to be. " * 20)
    race_id = Store(f"sqlite:///{tmp_path}/app.db").create(to_json(race), race.text)
    test = app("choose_the_order", orders=race_id)
    assert not test.exception and "is not here" in test.warning[0].value


def test_a_text_that_is_too_short_gets_a_sentence(app):
    test = app("choose_the_order", text="pasted")
    next(field for field in test.text_area if field.label == "Paste a text").set_value("short")
    next(button for button in test.button if button.label == "Use this text").click().run()
    assert not test.exception and len(test.error) == 1 and "too short" in test.error[0].value


@pytest.mark.browser
def test_the_orders_are_raced_on_one_s_own_settings(page, shared_server):
    load(page, f"{shared_server.url}choose_the_order?{SMALL}")
    page.get_by_role("button", name="Start over").click()
    page.get_by_text(re.compile("^0 windows")).wait_for()
    page.get_by_role("button", name="One step (+4)").click()
    page.get_by_text(re.compile("^4 windows of 8 tokens")).wait_for()
    page.get_by_role("button", name="Race the orders").click()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    assert "orders=" in page.url
    open_fold(page, "The charts in numbers")
    page.get_by_text("B = 4; 1 layer, 2 heads").wait_for()
    page.get_by_text("Minus the change of random order there:").first.wait_for()
    page.get_by_role("columnheader", name="jumps, nats").wait_for()
    page.reload()
    page.get_by_text("Done: 100%").wait_for()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(7, timeout=15_000)
