"""The front door's numbers are those of the recordings, and its picture leaves no step out."""

import re

import numpy as np
import pytest

from core.experiments.feed import Feed
from core.experiments.race.results import run_losses
from core.lab.recording import RECORDINGS, read_recording
from core.lessons.start import words
from core.lessons.start.panels import COLUMNS, columns_of, panel_of


def recorded(name):
    recording = read_recording(RECORDINGS[name])
    return Feed(recording.read, recording.spec).look()


def empty(name):
    return Feed(lambda cursor: ([], cursor), read_recording(RECORDINGS[name]).spec).look()


@pytest.fixture(scope="module")
def panels():
    recording = read_recording(RECORDINGS["race"])
    results = Feed(recording.read, recording.spec).look()
    return {size: (panel_of(results, recording.read, size), run_losses(recording.read, recording.spec, size, 0))
            for size in (4, 64)}  # fmt: skip


def test_speed_is_that_of_64_windows_against_one():
    found = recorded("speed")
    seconds = found.one_pass
    ratio = float(np.exp(np.log(64 / seconds[64]).mean() - np.log(1 / seconds[1]).mean()))
    reason = words.speed_reason(found)
    assert reason.figure == f"{ratio:.2f} times as fast"
    assert reason.sentence.startswith("64 windows at once: ") and "One window at a time: " in reason.sentence
    assert "95% interval" in reason.sentence


def test_memory_is_what_each_window_takes():
    found = recorded("speed")
    reason = words.memory_reason(found)
    assert found.activation_bytes[64] == pytest.approx(64 * 294_536, rel=1e-3)
    assert reason.figure == "295 kB a window" and "64 windows take 18.9 MB" in reason.sentence


def test_the_gradient_of_64_windows_strays_about_an_eighth_as_far():
    reason = words.gradient_reason(recorded("noise"))
    factor = float(re.match(r"([\d.]+) times smoother", reason.figure).group(1))
    assert 7 < factor < 9.5  # the square root of 64 is 8
    assert "At step 600 the gradient from one window" in reason.sentence and "nan" not in reason.sentence


@pytest.mark.parametrize("reason", [words.speed_reason, words.memory_reason])
def test_nothing_is_said_of_what_was_not_measured(reason):
    assert reason(empty("speed")).figure == "not measured"
    assert words.gradient_reason(empty("noise")).figure == "not measured"


def test_the_numbers_say_where_they_come_from():
    assert words.source_sentence(["", "", ""]) == "All three numbers are from your own measurements."
    assert words.source_sentence(["recorded on a day"] * 3).startswith("Measured by this app, recorded on a day.")
    assert words.source_sentence(["", "", "recorded"]).startswith("Those that are not yours: ")


def test_a_panel_holds_every_step_s_loss(panels):
    for panel, losses in panels.values():
        table = panel.bars if len(panel.bars) else panel.line.rename(columns={"loss": "low"}).assign(high=losses)
        assert table["low"].min() == pytest.approx(losses.min()) and table["high"].max() == pytest.approx(losses.max())
        assert panel.num_steps == len(losses)
    assert len(panels[4][0].bars) == COLUMNS and len(panels[64][0].line) == len(panels[64][1]) < COLUMNS


def test_columns_are_stretches_without_a_gap():
    columns = columns_of(np.arange(1000.0), tokens=7)
    assert (columns["x2"].to_numpy()[:-1] == columns["x"].to_numpy()[1:]).all()
    assert columns["x2"].iloc[-1] == 7000 and (columns["high"] - columns["low"]).max() <= 8


def test_the_picture_says_how_much_further_the_small_batch_jumps(panels):
    small, large = panels[4][0], panels[64][0]
    assert words.panel_title(small) == "**B = 4** · 937 steps · jumps ± 0.257 nats"
    assert "**3.99 times** as far" in words.picture_sentence(small, large, "recorded")
    assert "every one of 937 steps" in words.panel_sentence(small)
