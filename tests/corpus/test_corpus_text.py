"""What comes in, stays what it was; what cannot come in, is told why."""

import codecs

import pytest

from core.corpus import clean_text, decode_upload, visible


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\nb"),
        ("a\r\r\nb", "a\n\nb"),
        ("\ufeffab", "ab"),
        ("a\ud800b", "a\ufffdb"),
    ],
)
def test_what_clean_text_changes(raw, text):
    assert clean_text(raw)[0] == text


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "plain",
        "a\x00b\x07\x1b[31m",
        "e\u0301",
        "👩\u200d🔬",
        "שלום \u202eabc",
        "<b>&amp;</b>",
        "in\ufeffside",
        "\u2028",
    ],
)
def test_clean_text_leaves_all_else_alone(raw):
    assert clean_text(raw) == (raw, [])


def test_a_note_for_each_kind_of_change():
    _, notes = clean_text("\ufeffa\r\nb\rc\ud800\udfff")
    assert len(notes) == 3
    assert notes[2].startswith("2 broken characters were replaced")


def test_one_broken_character_is_counted_in_the_singular():
    assert clean_text("\udc00a")[1][0].startswith("1 broken character was")


@pytest.mark.parametrize(
    "data",
    [
        "grüße 🐝".encode(),
        codecs.BOM_UTF8 + "grüße 🐝".encode(),
        codecs.BOM_UTF16_LE + "grüße 🐝".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "grüße 🐝".encode("utf-16-be"),
    ],
)
def test_uploads_that_can_be_read(data):
    assert decode_upload(data) == "grüße 🐝"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (codecs.BOM_UTF16_LE, "empty"),
        (b"%PDF-1.7 ...", "not a text file: it begins like a PDF"),
        (b"PK\x03\x04...", "not a text file: it begins like a ZIP"),
        (b"\x89PNG\r\n", "not a text file: it begins like a PNG"),
        (b"abc\x00def", "byte 3 "),
        ("abc".encode("utf-16-le"), "not a text file"),
        (codecs.BOM_UTF32_LE + "a".encode("utf-32-le"), "UTF-32"),
        (b"caf\xe9 noir", "UTF-8: byte 3 "),
        (codecs.BOM_UTF8 + b"a\xff", "UTF-8: byte 4 "),  # three bytes of mark, one of "a"
        (codecs.BOM_UTF16_LE + b"a\x00b", "UTF-16: byte 4 "),  # cut in the middle of "b"
        (b"x" * 5_000_001, "5,000,001 bytes and the limit is 5,000,000"),
    ],
)
def test_uploads_that_cannot_be_read_say_why(data, said):
    with pytest.raises(ValueError, match=said) as error:
        decode_upload(data)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_the_limit_itself_is_allowed():
    assert decode_upload(b"abcd", max_bytes=4) == "abcd"


@pytest.mark.parametrize(
    ("s", "drawn"),
    [
        ("", ""),
        ("aé漢ש🐝<", "aé漢ש🐝<"),
        (" ", "·"),
        ("\n", "⏎"),
        ("\t", "⇥"),
        ("\x00", r"\x00"),
        ("\r", r"\x0d"),
        ("\xa0", r"\xa0"),  # no-break space
        ("\xad", r"\xad"),  # soft hyphen
        ("\u3000", r"\u3000"),  # ideographic space
        ("\u200d", r"\u200d"),  # zero width joiner
        ("\u202e", r"\u202e"),  # right-to-left override
        ("\u2028\u2029", r"\u2028\u2029"),  # line and paragraph separator
        ("\ufe0f", r"\ufe0f"),  # variation selector: a mark without ink
        ("\ud800", r"\ud800"),  # lone surrogate
        ("\ue000", r"\ue000"),  # private use
        ("\u0378", r"\u0378"),  # unassigned
        ("\U000e0001", r"\U000e0001"),  # language tag
        ("\u0301", "◌\u0301"),
        ("\u0301a", "◌\u0301a"),
        ("e\u0301", "e\u0301"),
        ("the cat\n", "the·cat⏎"),
    ],
)
def test_how_characters_are_drawn(s, drawn):
    assert visible(s) == drawn
