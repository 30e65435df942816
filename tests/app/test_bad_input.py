"""What a visitor can do wrong on a page, and the sentence that answers it. Nothing is lost, nothing is run."""

import pytest

from core.corpus import samples
from core.experiments.race.offers import race_of
from core.lab.cluster import Lab, LabError
from core.lab.store import Store
from core.measure.memory import Machine
from core.settings.values import Settings
from tests.app.pages import unfold

FAMILY = "👨\u200d👩\u200d👧"


def errors(test) -> str:
    assert not test.exception, test.exception
    return " ".join(e.value for e in test.error).replace("\\", "")


def paste(app, text: str, **query):
    test = app("make_a_batch", text="pasted", **query)
    test.text_area[0].set_value(text)
    return use(test)


def use(test):
    next(button for button in test.button if button.label == "Use this text").click()
    return test.run()


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("a" * 500, "repeats one character"),
        ("\x00" * 40, "repeats one character"),
        ("hello there", "too few"),
    ],
)
def test_a_text_that_cannot_serve_is_answered(app, text, sentence):
    assert sentence in errors(paste(app, text))


def test_it_says_how_many_characters_are_missing(app):
    # 40 characters, 36 of them to train on; block size 50 needs 51
    assert "the training part has 36, 15 too few" in errors(paste(app, "abcdefghij" * 4, T="50"))


def test_what_was_pasted_is_still_there_after_a_mistake(app):
    test = paste(app, "hello there")
    assert test.text_area[0].value == "hello there"


@pytest.mark.parametrize("tokenizer", ["char", "byte", "bpe"])
@pytest.mark.parametrize(
    "text",
    [
        "tab\tbell\x07nul\x00esc\x1b[31m red " * 4,
        "שלום עולם, مرحبا بالعالم \u202eabc\u202c " * 4,
        f"{FAMILY} and 🙂 e\u0301 n\u0303 " * 6,
        "<script>alert(1)</script> <b>bold</b> **stars** $x^2$ :red[no] [link](http://x) " * 3,
        "quotes \" ' ``` $$ \\ {{}} </textarea> " * 5,
    ],
)
def test_strange_characters_make_batches(app, text, tokenizer):
    test = paste(app, text, T="8", tokenizer=tokenizer)
    assert errors(test) == ""
    assert any("questions" in m.value for m in test.markdown)
    assert not any("alert(1)" in m.value for m in test.markdown)  # the text never passes through Markdown


def test_a_batch_larger_than_the_windows_there_are_is_answered(app):
    assert "is more than the" in errors(paste(app, "To be or not to be, that is the question.", T="8", B="64"))


def test_nonsense_in_the_address_is_told_and_the_page_works(app):
    test = app("make_a_batch", T="abc", B="-3", tokenizer="klingon")
    assert len(test.warning) == 0 and errors(test) == ""  # told once, on the page that came first
    first = app("", T="abc", B="-3", tokenizer="klingon")
    assert len(first.warning) == 3


def test_what_goes_wrong_in_a_part_of_a_page_is_a_sentence_there_and_the_rest_stands(app, monkeypatch):
    answer = Lab.call

    def call(self, function, *args, **options):
        if function.endswith("losses_by_position"):
            raise LabError("The worker did not answer in time.")
        return answer(self, function, *args, **options)

    monkeypatch.setattr(Lab, "call", call)
    test = unfold(app("inside_one_step"), "step_positions", "step_cost")
    assert not test.exception and [error.value for error in test.error] == ["The worker did not answer in time\\."]
    assert test.button(key="step_measure")


def test_a_race_that_is_not_there_is_told(app):
    test = app("race_batch_sizes", race="nosuchrace")
    assert any("is not here" in w.value for w in test.warning)
    assert not test.exception


@pytest.mark.parametrize(
    "query, sentence",
    [
        (
            {"layers": "12", "channels": "768", "seeds": "8", "sizes": "1,4096", "T": "512", "tokens": "50000000"},
            "about .* GiB of memory",
        ),
        ({"text": "greetings", "sizes": "4096,1", "tokens": "50000000"}, "is more than the 1,729"),
        ({"heads": "3"}, "cannot be shared equally"),
        ({"tokens": "1000", "sizes": "64"}, "the budget is 1,000"),
    ],
)
def test_a_race_that_cannot_run_is_refused_with_a_sentence(query, sentence, tmp_path, monkeypatch):
    monkeypatch.setattr(Lab, "describe", lambda self: Machine(devices={"cpu": 8 * 2**30}))
    choices, _ = Settings.from_url(query)
    store = Store(f"sqlite:///{tmp_path}/lab.db")
    with pytest.raises(ValueError, match=sentence):
        Lab(store).submit(race_of(choices, samples()[choices.source].text))
    assert store.read("")[0] == []  # nothing was started


def test_choices_survive_a_change_of_page_and_stand_in_the_address(app):
    test = app("make_a_batch", T="12", order="shuffled", seed="7")
    test.switch_page("pages/follow_the_shapes.py").run()
    test.switch_page("pages/make_a_batch.py").run()
    numbers = {n.label: n.value for n in test.number_input}
    assert numbers["Block size T (tokens)"] == 12
    assert dict(test.query_params) == {"T": "12", "order": "shuffled", "seed": "7"}


def test_the_pasted_text_is_never_in_the_address(app):
    test = paste(app, "a secret that nobody may read " * 4, T="8")
    assert "secret" not in str(dict(test.query_params))
