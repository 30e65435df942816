"""Codes, names and secrets."""

import unicodedata
from itertools import pairwise

import pytest

from core.classroom import made_up
from core.classroom.made_up import BIRDS, CODE_LETTERS, COLOURS, MAX_NAME, new_code, new_name, read_code
from core.settings.line import one_line


def test_a_code_is_read_as_it_was_made():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200 and all(read_code(code) == code == read_code(f" {code.lower()}\n") for code in codes)


def test_no_letter_of_a_code_is_misread():
    assert len(set(CODE_LETTERS)) == len(CODE_LETTERS) == 20 and not set(CODE_LETTERS) & set("ILOQSZ015282")


@pytest.mark.parametrize(
    "text", ["", "ABCD", "ABCDEF", "ABCD1", "ABCDI", "АBCDE", "A" * 10**6, "\0ABCD", "%ABCD", "' OR"]
)
def test_what_is_no_code_is_none(text):
    assert read_code(text) == ""


def test_everyone_in_a_full_class_has_a_name_of_their_own():
    names: set[str] = set()
    for _ in range(200):
        names.add(new_name(names))
    assert len(names) == 200 and max(map(len, names)) <= MAX_NAME
    assert len({*COLOURS}) == len(COLOURS) and len({*BIRDS}) == len(BIRDS)


NAMES = {
    "<script>alert(1)</script>": "<script>alert(1)</script"[:MAX_NAME],
    "Zoë": "Zoë",
    "李小龍": "李小龍",
    "a" * 10_000: "a" * MAX_NAME,
    "": "",
    " \t\n ": "",
    "\u200b\u202e\x00\x1b": "",
    "👩🏽‍🚀 Ada": "👩🏽🚀 Ada",
}


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_a_line_of_text(text):
    assert one_line(text, MAX_NAME) == NAMES[text]


def test_no_name_is_taller_than_its_line():
    tower = "".join(c + "\u0300\u0351\u0489" * 50 for c in "Ada")
    marks = [unicodedata.category(c)[0] == "M" for c in one_line(tower, MAX_NAME)]
    assert not any(one and other for one, other in pairwise(marks))


def test_a_secret_is_kept_as_a_hash():
    secret = made_up.new_secret()
    assert secret not in made_up.hash_of(secret) and made_up.hash_of(secret) != made_up.hash_of(secret + "x")
    assert len({made_up.new_secret() for _ in range(100)}) == 100 and len(secret) >= 20
