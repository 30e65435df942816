"""What a link prepares: locked, hidden, asked first, noted; and what it never holds."""

import pytest

from core.settings.declared import CLASS, PREPARABLE, PREPARED, SETTINGS
from core.settings.limits import MAX_NOTE
from core.settings.setting import MAX_CHARACTERS
from core.settings.values import Settings
from core.ui.prepared import prepared_sentence
from tests.mutated_links import GARBAGE, mutated_links

WANTED = {"lock": ("block_size", "learning_rate"), "hide": ("seed",), "guess_first": 1, "note": "Look at B = 4 first."}


def test_what_is_prepared_is_written_with_the_names_of_the_address_and_read_again():
    params = Settings(**WANTED, learning_rate=0.01).to_url()
    assert params == {"lr": "0.01", "lock": "T,lr", "hide": "seed", "guess_first": "1", "note": "Look at B = 4 first."}
    assert Settings.from_url(params) == (Settings(**WANTED, learning_rate=0.01), [])


def test_a_page_is_prepared_by_any_of_it_and_by_nothing_else():
    assert not Settings(learning_rate=0.01, present=1).prepared
    assert all(Settings(**{name: value}).prepared for name, value in WANTED.items())
    assert {setting.name for setting in PREPARED} == set(WANTED)


def test_what_is_locked_and_what_is_hidden_stay():
    settings = Settings(**WANTED)
    assert [name for name in ("block_size", "seed", "n_layer") if settings.fixed(name)] == ["block_size", "seed"]


@pytest.mark.parametrize(
    "text", ["", ",", "lr", "zz,lr,qq", " lr ,lr", "lr,lock,note,desk_secret,present", "learning_rate,lr"]
)
def test_names_that_are_none_are_passed_over(text):
    settings, notes = Settings.from_url({"lock": text})
    assert notes == [] and settings.lock == (("learning_rate",) if "lr" in text.replace(" ", "").split(",") else ())


def test_what_is_a_class_s_or_a_preparation_itself_cannot_be_locked():
    apart = {*(setting.name for setting in (*CLASS, *PREPARED)), "present", "race", "sweep", "chosen_loss"}
    assert set(PREPARABLE.values()) == SETTINGS.keys() - apart - {n for n in SETTINGS if not SETTINGS[n].label}
    assert not apart & set(PREPARABLE.values())


def test_a_link_for_others_holds_no_class_and_no_secret_but_the_run():
    own = Settings(race="a1", class_code="KMRTX", class_role="desk", desk_secret="s3cret", present=1, block_size=8)
    assert own.for_others().to_url() == {"T": "8", "race": "a1"}
    assert own.for_others(lock=("block_size",), present=1).to_url() == {
        "T": "8",
        "race": "a1",
        "present": "1",
        "lock": "T",
    }
    assert own.desk_secret == "s3cret" and own.lock == ()  # this visitor's own are as they were


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("  Look\nat\tB = 4\r\n", "Look at B = 4"),
        ("a\x00b\x1b[31mc\u202ed", "ab[31mcd"),
        ("<b>x</b>", "<b>x</b>"),  # kept, and shown as what it is
        ("x" * 100_000, "x" * MAX_NOTE),
        ("\n" * 100_000, ""),
    ],
)
def test_a_note_is_one_line_of_what_can_be_printed(text, note):
    assert Settings.from_url({"note": text})[0].note == note


def test_the_sentence_names_few_and_counts_many():
    many = Settings(lock=tuple(PREPARABLE.values()), hide=("seed", "n_layer"))
    said = f"Somebody prepared this page for you. Locked: {len(PREPARABLE) - 2} settings. Hidden: 2 settings."
    assert prepared_sentence(many) == said
    assert prepared_sentence(Settings(note="x")) == "Somebody prepared this page for you."


def test_no_link_however_mutilated_raises_or_brings_more_than_it_may():
    links = mutated_links(1_000)
    prepared = 0
    for params in links:
        settings, notes = Settings.from_url(params)
        again = settings.to_url()
        assert Settings.from_url(again) == (settings, [])
        assert len(settings.note) <= MAX_NOTE and settings.note.isprintable()
        assert set(settings.lock) | set(settings.hide) <= set(PREPARABLE.values())
        longest = max((len(text) for name, text in again.items() if name not in ("lock", "hide", "note")), default=0)
        assert longest <= 2 * MAX_CHARACTERS and len(prepared_sentence(settings)) < 300
        assert all(len(note) < 400 for note in notes)
        prepared += settings.prepared
    assert 300 < prepared < 1_000  # of both kinds
    assert sum(len(str(params)) > 10_000 for params in links) > 20 and len(GARBAGE) > 20  # it has tried
