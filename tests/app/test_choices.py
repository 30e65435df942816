"""What a URL may say, and what becomes of nonsense in it."""

import pytest

from core.lab.cluster import Lab
from core.measure.memory import Machine
from core.settings.declared import SETTINGS, read_url


def test_an_empty_address_gives_the_defaults_and_no_note():
    values, notes = read_url({})
    assert values == {name: choice.default for name, choice in SETTINGS.items()}
    assert notes == []


def test_what_is_written_is_read_again():
    wanted = {"block_size": 16, "batch_sizes": (1, 24), "learning_rate": 0.01, "order": "shuffled", "race": "a-B_9"}
    wanted |= {"rates": (2.5e-4, 0.012), "noise_steps": (0, 7), "target": 2.35}
    wanted |= {"look": (4, 0, 312), "stage": "Gradients", "pace": 4}
    params = {SETTINGS[name].param: SETTINGS[name].write(value) for name, value in wanted.items()}
    values, notes = read_url(params)
    assert {name: values[name] for name in wanted} == wanted
    assert notes == []


@pytest.mark.parametrize(
    "param, text",
    [
        *(
            ("T", text)
            for text in ("abc", "", "0", "-1", "1e9", "9" * 400, "NaN", "32; drop table", "\x00", "<b>8</b>")
        ),
        *(("sizes", text) for text in ("", "4,,16", "0", "1,2,3,4,5,6,7", "99999", "4 16", ",".join(["8"] * 900))),
        *(("lr", text) for text in ("nan", "inf", "-1", "0", "1e400", "x")),
        *(("order", text) for text in ("", "RANDOM", "../etc")),
        *(("race", text) for text in ("../../x", "a" * 100, "<script>", "é")),
        ("text", "no-such-sample"),
        ("seed", "-5"),
        ("device", "tpu"),
        ("smooth", "777"),
        *(("look", text) for text in ("4", "4.0", "4.0.0", "4.0.1.2", "4.x.1", "-4.0.1", "4.0.999999999999")),
        *(("step", text) for text in ("0", "10000", "one")),
        ("stage", "loss"),
        *(("pace", text) for text in ("0", "3", "fast")),
        *(("steps", text) for text in ("x", "-1", "0,,5", "10000", ",".join(map(str, range(20))))),
        *(("drawn", text) for text in ("", "0", "5000")),
        *(("batches", text) for text in ("1", "1001")),
        *(("noise", text) for text in ("../../x", "<b>")),
        *(("rates", text) for text in ("0.1", "x,y", "0,1", ",".join(f"0.{n}1" for n in range(20)))),
        *(("target", text) for text in ("-1", "nan", "99")),
        *(("drawn_examples", text) for text in ("-1", "2000001", "many")),
        *(("order_model", text) for text in ("", "huge")),
        *(("sgd", text) for text in ("nan", "0", "-1")),
    ],
)
def test_nonsense_is_told_in_a_sentence_and_the_default_stands(param, text):
    values, notes = read_url({param: text})
    name = next(name for name, choice in SETTINGS.items() if choice.param == param)
    if (param, text) == ("sizes", ",".join(["8"] * 900)):  # the same size again and again is one size
        assert values[name] == (8,)
        return
    assert values[name] == SETTINGS[name].default
    assert len(notes) == 1 and notes[0].endswith(".")
    assert len(text) < 5 or text not in notes[0]  # what was given is not repeated


def test_unknown_parameters_are_ignored():
    assert read_url({"utm_source": "x", "__proto__": "y"}) == read_url({})


def device_shown(test):
    return next(box for box in test.selectbox if box.label == "Device").value


def test_a_device_in_the_address_stands_while_the_worker_is_starting(app):
    assert device_shown(app("race_batch_sizes", device="cpu")) == "cpu"


def test_a_device_that_is_not_there_is_said_so_and_another_one_used(app, monkeypatch):
    found = Machine(devices={"cpu": 8 * 2**30})
    monkeypatch.setattr(Lab, "machine", property(lambda self: found, lambda self, machine: None), raising=False)
    test = app("race_batch_sizes", device="cuda")
    assert device_shown(test) == "auto" and "no CUDA (NVIDIA GPU)" in test.warning[0].value
