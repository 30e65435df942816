"""What a URL may say, and what becomes of nonsense in it."""

import pytest

from core.lab.cluster import Lab
from core.measure.memory import Machine
from core.settings.declared import SETTINGS
from core.settings.setting import QUOTED_CHARACTERS
from core.settings.values import Settings


def test_an_empty_address_gives_the_defaults_and_no_note():
    assert Settings.from_url({}) == (Settings(), [])
    assert vars(Settings()) == {name: setting.default for name, setting in SETTINGS.items()}
    assert Settings().to_url() == {}


def test_a_name_in_an_address_is_the_setting_s_own_but_for_three_short_ones():
    assert {s.url_name for s in SETTINGS.values()} - SETTINGS.keys() == {"T", "B", "lr"}
    assert [s.name for s in SETTINGS.values() if len(s.url_name) < 4] == ["block_size", "batch_size", "learning_rate"]
    for setting in SETTINGS.values():  # the default is one of the values that it can have
        if setting.default is not None:
            assert setting.read(setting.write(setting.default)) == setting.default


def test_what_is_written_is_read_again():
    wanted = {"block_size": 16, "batch_sizes": (1, 24), "learning_rate": 0.01, "order": "shuffled", "race": "a-B_9"}
    wanted |= {"sweep_rates": (2.5e-4, 0.012), "noise_steps": (0, 7), "target": 2.35}
    wanted |= {"chosen_loss": (4, 0, 312), "stage": "Gradients", "pace": 4}
    params = Settings(**wanted).to_url()
    assert params.keys() == {SETTINGS[name].url_name for name in wanted}
    assert Settings.from_url(params) == (Settings(**wanted), [])


@pytest.mark.parametrize(
    "name, text",
    [
        *(
            ("T", text)
            for text in ("abc", "", "0", "-1", "1e9", "9" * 400, "NaN", "32; drop table", "\x00", "<b>8</b>")
        ),
        *(
            ("batch_sizes", text)
            for text in ("", "4,,16", "0", "1,2,3,4,5,6,7", "99999", "4 16", ",".join(["8"] * 900))
        ),
        *(("lr", text) for text in ("nan", "inf", "-1", "0", "1e400", "x")),
        *(("order", text) for text in ("", "RANDOM", "../etc")),
        *(("race", text) for text in ("../../x", "a" * 100, "<script>", "é")),
        ("source", "no-such-sample"),
        ("seed", "-5"),
        ("device", "tpu"),
        ("smoothing_half_life", "777"),
        *(("chosen_loss", text) for text in ("4", "4.0", "4.0.0", "4.0.1.2", "4.x.1", "-4.0.1", "4.0.999999999999")),
        *(("step", text) for text in ("0", "10000", "one")),
        ("stage", "loss"),
        *(("pace", text) for text in ("0", "3", "fast")),
        *(("noise_steps", text) for text in ("x", "-1", "0,,5", "10000", ",".join(map(str, range(20))))),
        *(("noise_sizes", text) for text in ("", "0", "5000")),
        *(("num_batches", text) for text in ("1", "1001")),
        *(("noise", text) for text in ("../../x", "<b>")),
        *(("sweep_rates", text) for text in ("0.1", "x,y", "0,1", ",".join(f"0.{n}1" for n in range(20)))),
        *(("target", text) for text in ("-1", "nan", "99")),
        *(("order_examples", text) for text in ("-1", "2000001", "many")),
        *(("order_model", text) for text in ("", "huge")),
        *(("sgd_rate", text) for text in ("nan", "0", "-1")),
    ],
)
def test_nonsense_is_told_in_a_sentence_and_the_default_is_used(name, text):
    settings, notes = Settings.from_url({name: text})
    if (name, text) == ("batch_sizes", ",".join(["8"] * 900)):  # the same size again and again is one size
        assert settings == Settings(batch_sizes=(8,))
        return
    assert settings == Settings()
    assert len(notes) == 1 and notes[0].startswith(f"The address's “{name}” could not be used (")
    assert notes[0].endswith("); the default is used.")
    assert len(text) <= QUOTED_CHARACTERS or text not in notes[0]  # no more than the start of it is repeated


@pytest.mark.parametrize(
    "params, why",
    [
        ({"T": "abc"}, "“abc” is not a whole number"),
        ({"T": "32; drop table"}, "“32; dr…” is not a whole number"),
        ({"T": "0"}, "it goes from 1 to 512"),
        ({"T": "9" * 400}, "it is too long"),
        ({"lr": "fast"}, "“fast” is not a number"),
        ({"lr": "nan"}, "it goes from 1e-06 to 1000"),
        ({"order": "up"}, "it is one of random, shuffled, sequential"),
        ({"batch_sizes": "1,2,3,4,5,6,7"}, "there must be 1 to 6"),
        ({"chosen_loss": "4.1"}, "it is a batch size, a seed and a step, with dots between them"),
    ],
)
def test_the_reason_is_ours(params, why):
    assert f"could not be used ({why}); " in Settings.from_url(params)[1][0]


def test_unknown_parameters_are_ignored():
    assert Settings.from_url({"utm_source": "x", "__proto__": "y"}) == (Settings(), [])


def device_shown(test):
    return next(box for box in test.selectbox if box.label == "Device").value


def test_a_device_in_the_address_stands_while_the_worker_is_starting(app):
    assert device_shown(app("race_batch_sizes", device="cpu")) == "cpu"


def test_a_device_that_is_not_there_is_said_so_and_another_one_used(app, monkeypatch):
    found = Machine(devices={"cpu": 8 * 2**30})
    monkeypatch.setattr(Lab, "machine", property(lambda self: found, lambda self, machine: None), raising=False)
    test = app("race_batch_sizes", device="cuda")
    assert device_shown(test) == "auto" and "no CUDA (NVIDIA GPU)" in test.warning[0].value


def test_numbers_that_cannot_be_taken_leave_the_previous_ones(app):
    test = app("race_batch_sizes")
    test.multiselect(key="choice_batch_sizes").set_value(["4", "many"]).run()
    assert test.multiselect(key="choice_batch_sizes").value == ["4", "16", "64"]
    told = test.warning[0].value.replace("\\", "")
    assert told == "Could not set “Batch sizes” (“many” is not a whole number). The previous values are kept."
    test.multiselect(key="choice_batch_sizes").set_value(["24", "4"]).run()
    assert test.multiselect(key="choice_batch_sizes").value == ["4", "24"] and not test.warning
    assert dict(test.query_params) == {"batch_sizes": "4,24"}
