"""The page of speed and memory: a recorded measurement at first, one's own when asked."""

import re

import pytest
from playwright.sync_api import expect

from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import to_json
from core.lab.recording import RECORDINGS, read_recording
from core.lab.store import Store

SMALL = "text=kitchen&T=8&layers=1&heads=2&channels=16&bound=32&memory=2"


def text_of(test):
    return " ".join(part.value for part in test.markdown)


def test_before_anything_is_measured_a_recorded_one_teaches(app):
    test = app("speed_and_memory")
    assert not test.exception and "recorded on" in test.info[0].value
    text = text_of(test)
    for said in (
        "the knee lies at B = ",
        "of the rate of one large product",
        "One by one it takes",
        "Each window more",
        "tried: a step held",
    ):
        assert said in text
    assert "Steps to a validation loss of" in text and "there first" in text
    assert "not known yet" not in text and "Nothing measured" not in text and "nan" not in text


def test_what_was_recorded_on_a_gpu_is_a_click_away(app):
    test = app("speed_and_memory", recorded="gpu")
    assert not test.exception and "NVIDIA" in test.info[0].value
    text = text_of(test)
    assert "beyond B = 4,096" in text and "knee of these times lies at B = 185" in text
    assert "on the same threads" not in text
    race = app("race_batch_sizes", recorded="gpu")
    assert not race.exception and "NVIDIA" in race.info[0].value
    assert "B = 1024" in text_of(race) and "found to be fastest" not in text_of(race) and "e+0" not in text_of(race)


def test_a_sweep_of_another_model_is_not_multiplied_with_these_times(app, tmp_path):
    sweep = RaceSpec(text="To be or not to be. " * 20)
    sweep_id = Store(f"sqlite:///{tmp_path}/app.db").create(
        '{"kind": "sweep", "race": ' + to_json(sweep) + ', "learning_rates": [0.001, 0.002]}', sweep.text
    )
    text = text_of(app("speed_and_memory", sweep=sweep_id))
    assert "of another text or model" in text and "there first" not in text


def test_a_measurement_of_noise_is_none_of_speed(app, tmp_path):
    noise = NoiseSpec(race=RaceSpec(text="To be or not to be. " * 20))
    noise_id = Store(f"sqlite:///{tmp_path}/app.db").create(to_json(noise), noise.text)
    test = app("speed_and_memory", speed=noise_id)
    assert not test.exception and "is not here" in test.warning[0].value


def test_a_measurement_that_looked_for_no_largest_batch_can_be_drawn_too(app, tmp_path):
    splits, store = read_recording(RECORDINGS["splits"]), Store(f"sqlite:///{tmp_path}/app.db")
    splits_id = store.create(to_json(splits.spec), "")
    store.append(splits_id, splits.messages)
    test = app("speed_and_memory", speed=splits_id)
    text = text_of(test)
    assert not test.exception and "One by one it takes" in text and "Each window more" in text
    assert "block size T**, at" not in text and "largest batch that fits" not in text


@pytest.mark.browser
def test_this_device_is_measured(page, shared_server):
    page.goto(f"{shared_server.url}speed_and_memory?{SMALL}")
    page.get_by_role("button", name="Measure this device").click()
    page.get_by_text("Done: 100%").wait_for(timeout=60_000)
    assert "speed=" in page.url
    page.get_by_text("Measured with T = 8; 1 layer, 2 heads, 16 channels").wait_for()
    page.get_by_text(re.compile("One by one it takes")).wait_for()
    page.get_by_text(re.compile("Into 2.00 MB fits B = ")).wait_for()
    page.get_by_text("of another text or model").wait_for()  # the recorded sweep's
    page.get_by_text("The charts in numbers").click()
    page.get_by_text(re.compile(r"Memory in MB by batch size: 1: weights .*; 32: weights")).wait_for()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(5, timeout=15_000)
    page.reload()
    page.get_by_text("Done: 100%").wait_for()
