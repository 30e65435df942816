"""The pages that measure noise and tune the rate: a recorded experiment at first, one's own when asked."""

import pytest
from playwright.sync_api import expect

from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import to_json
from core.lab.store import Store
from tests.app.browsing import load, open_fold
from tests.app.pages import text_of, unfold

SMALL = "text=lighthouse&T=16&layers=1&heads=2&channels=16&"
NOISE = SMALL + "steps=0,20&drawn=1,4,16&batches=20"
SWEEP = SMALL + "swept=2,8,32&rates=0.001,0.01&each=4000&seeds=2"


def test_before_anything_is_measured_a_recorded_one_teaches(app):
    test = unfold(app("measure_the_noise"), "noise_gradients", "noise_design", "noise_scale", "noise_numbers")
    text = text_of(test)
    assert not test.exception and "recorded on" in text
    assert text.count("Fitted slope:") == 2 and "not measured" not in text
    assert "critical" not in text
    scales, spreads = (table.value for table in test.table)
    assert len(scales) == 3 and len(spreads) == 8 and "not measured" not in spreads.to_string()


def test_the_steps_of_the_recording_can_be_walked(app):
    first, last = text_of(app("measure_the_noise")), text_of(app("measure_the_noise", at="600"))
    assert "After 0 steps a batch" in first and "After 600 steps a batch" in last and "Fitted slope" in last


def test_a_race_s_id_is_no_sweep(app, tmp_path):
    race = RaceSpec(text="To be or not to be. " * 20)
    race_id = Store(f"sqlite:///{tmp_path}/app.db").create(to_json(race), race.text)
    test = app("tune_the_rate", sweep=race_id)
    assert not test.exception and "is not here" in test.warning[0].value


@pytest.mark.browser
def test_a_measurement_shows_its_progress_and_its_numbers(page, shared_server):
    load(page, f"{shared_server.url}measure_the_noise?{NOISE}")
    page.get_by_role("button", name="Measure the noise").click()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    assert "noise=" in page.url
    expect(page.get_by_text("Fitted slope:")).to_have_count(1, timeout=15_000)
    page.get_by_role("radio", name="20 steps").click()
    page.get_by_text("After 20 steps a batch of 1 window").wait_for()
    page.get_by_text("A tick is a batch, after 20 steps.").wait_for()  # the rest of the page has followed
    open_fold(page, "The charts in numbers")
    expect(page.get_by_role("row").filter(has_text=" to ")).to_have_count(3)
    page.reload()
    page.get_by_text("Done: 100%").wait_for()
    expect(page.get_by_text("Fitted slope:")).to_have_count(1, timeout=15_000)


def test_before_anything_is_run_a_recorded_sweep_teaches(app):
    test = unfold(app("tune_the_rate"), "sweep_best", "sweep_fit", "sweep_numbers")
    text = text_of(test)
    assert not test.exception and "recorded on" in text and "The best learning rate is" in text
    assert "S_min = " in text and "The rules are hypotheses" in text and "not measured" not in text
    assert "not measured" not in test.table[1].value.to_string()


def test_the_noise_scale_stands_beside_the_fit_where_text_and_model_are_the_same(app, tmp_path):
    test = unfold(app("tune_the_rate"), "sweep_fit")
    beside = [part.value for part in test.markdown if "simple noise scale" in part.value]
    assert len(beside) == 1 and "After 600 steps: **" in beside[0] and "bootstrap" in beside[0]
    other = NoiseSpec.of(RaceSpec(text="To be or not to be. " * 20), (0,), (1, 2), 4)
    noise_id = Store(f"sqlite:///{tmp_path}/app.db").create(to_json(other), other.text)
    text = text_of(unfold(app("tune_the_rate", noise=noise_id), "sweep_fit"))
    assert "After 600 steps" not in text and "it appears here" in text


def test_a_target_that_nothing_reaches_is_said(app):
    test = app("tune_the_rate", target="0.5")
    text = text_of(test)
    assert not test.exception and "Did not reach the target within the budget" in text and "three are needed" in text


@pytest.mark.browser
def test_a_sweep_shows_its_best_rates(page, shared_server):
    load(page, f"{shared_server.url}tune_the_rate?{SWEEP}")
    page.get_by_role("button", name="Start the sweep").click()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    page.get_by_text("The best learning rate is 0.0").wait_for()
    open_fold(page, "The best rate of each batch size, and the rules")
    page.get_by_text("B = 32: 0.0").wait_for()
    open_fold(page, "The charts in numbers")
    page.get_by_text("Validation loss in nats per token, with 95% t intervals.").wait_for()
    assert "sweep=" in page.url
