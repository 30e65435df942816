"""The front door's numbers are those of the recordings."""

import re

import numpy as np
import pytest

from core.experiments.feed import Feed
from core.lab.recording import RECORDINGS, read_recording
from core.lessons.start import words
from core.ui import reasons


def recorded(name):
    recording = read_recording(RECORDINGS[name])
    return Feed(recording.read, recording.spec).look()


def empty(name):
    return Feed(lambda cursor: ([], cursor), read_recording(RECORDINGS[name]).spec).look()


def test_speed_is_that_of_64_windows_against_one():
    found = recorded("speed")
    seconds = found.one_pass
    ratio = float(np.exp(np.log(64 / seconds[64]).mean() - np.log(1 / seconds[1]).mean()))
    reason = reasons.speed_reason(found)
    assert reason.figure == f"{ratio:.2f} times as fast"
    assert reason.sentence.startswith("64 windows at once: ") and "One window at a time: " in reason.sentence
    assert "95% interval" in reason.sentence


def test_memory_is_what_each_window_takes():
    found = recorded("speed")
    reason = reasons.memory_reason(found)
    assert found.activation_bytes[64] == pytest.approx(64 * 294_536, rel=1e-3)
    assert reason.figure == "295 kB a window" and "64 windows take 18.9 MB" in reason.sentence


def test_the_gradient_of_64_windows_strays_about_an_eighth_as_far():
    reason = reasons.gradient_reason(recorded("noise"))
    factor = float(re.match(r"([\d.]+) times smoother", reason.figure).group(1))
    assert 7 < factor < 9.5  # the square root of 64 is 8
    assert "At step 600 the gradient from one window" in reason.sentence and "nan" not in reason.sentence


@pytest.mark.parametrize("reason", [reasons.speed_reason, reasons.memory_reason])
def test_nothing_is_said_of_what_was_not_measured(reason):
    assert reason(empty("speed")).figure == "not measured"
    assert reasons.gradient_reason(empty("noise")).figure == "not measured"


def test_the_numbers_say_where_they_come_from():
    assert words.source_sentence(["", "", ""]) == "All three numbers are from your own measurements."
    assert words.source_sentence(["recorded on a day"] * 3).startswith("Measured by this app, recorded on a day.")
    assert words.source_sentence(["", "", "recorded"]).startswith("Those that are not yours: ")


def test_the_picture_says_how_much_further_the_small_batch_jumps():
    results = recorded("race")
    assert "**3.99 times** as far" in words.picture_sentence(results, 4, 64, "recorded")
    assert words.picture_sentence(empty("race"), 4, 64, "then") == "Two runs on the same text (then)."
