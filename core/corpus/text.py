r"""
Text comes in here, as a paste or as a file, and leaves as a clean `str`.

Three questions are answered, one function each:

    clean_text      which characters is the lesson about?   (after a paste)
    decode_upload   which characters do these bytes spell?  (after an upload)
    visible         how is a character drawn in a table?    (a space is a token too, and has to be seen)

Very little is changed on the way in. A NUL, a tab, an accent that is a character of its own, an emoji, a line
of Hebrew: a model can learn all of them, so all of them stay. Nothing here knows what a token is.
"""

import re
import unicodedata

MAX_FILE_BYTES = 5_000_000
_SURROGATE = re.compile("[\ud800-\udfff]")

# the first bytes of files that people upload by mistake
_NOT_TEXT = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive (a .docx or .epub is one, too)",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x1f\x8b": "a gzip archive",
}
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_UTF32_BOMS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")


def clean_text(raw: str) -> tuple[str, list[str]]:
    r"""
    The text as the lessons use it, and one plain sentence for each kind of change that was made.

    >>> clean_text("one\r\ntwo")
    ('one\ntwo', ['Line endings were turned into plain newlines.'])
    """
    notes = []
    text = raw.removeprefix("\ufeff")
    if text != raw:
        notes.append("An invisible byte order mark at the start was dropped.")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append("Line endings were turned into plain newlines.")
    text, count = _SURROGATE.subn("\ufffd", text)
    if count:
        what = "1 broken character was" if count == 1 else f"{count:,} broken characters were"
        notes.append(f"{what} replaced by \ufffd, the sign for a character that could not be read.")
    return text, notes


def check_size(num_bytes: int, max_bytes: int = MAX_FILE_BYTES) -> None:
    """Raises ValueError, with a sentence, for a file of more bytes."""
    if num_bytes > max_bytes:
        raise ValueError(
            f"This file is too large: it has {num_bytes:,} bytes and the limit is {max_bytes:,}. "
            "Cut out a part of it and upload that."
        )


def decode_upload(data: bytes, max_bytes: int = MAX_FILE_BYTES) -> str:
    """
    The text of an uploaded file: UTF-8 with or without a byte order mark, UTF-16 only with one.

    Anything else is a ValueError that says what happened, why, and what to change. Guessing an old encoding
    would sometimes be wrong without anyone noticing, so nothing is guessed.

    >>> decode_upload(b"caf" + bytes([0xC3, 0xA9]))
    'café'
    """
    check_size(len(data), max_bytes)
    for magic, kind in _NOT_TEXT.items():
        if data.startswith(magic):
            raise ValueError(
                f"This is not a text file: it begins like {kind}. "
                "Copy the text out of it, save that as a .txt file, and upload that."
            )
    if data.startswith(_UTF32_BOMS):
        raise ValueError(
            "This file is written in UTF-32, which is not read here. Save it again as UTF-8 and upload that."
        )
    is_utf16 = data.startswith(_UTF16_BOMS)
    if not is_utf16 and b"\x00" in data:
        raise ValueError(
            f"This is not a text file: byte {data.index(0):,} (counted from 0) is a NUL byte, which text "
            "does not hold. If it is text after all, save it again as UTF-8 and upload that."
        )
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        name = "UTF-16" if is_utf16 else "UTF-8"
        raise ValueError(
            f"This file cannot be read as {name}: byte {error.start:,} (counted from 0) begins no character. "
            "It may be damaged, or saved in an older encoding; save it again as UTF-8 and upload that."
        ) from None
    if not text:
        raise ValueError("This file is empty: there is no text in it. Choose a file that holds some.")
    return text


# letters and marks by their category that nevertheless leave no ink
_INKLESS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
_INKLESS |= {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


class _Drawings(dict):
    """code point -> how it is drawn, worked out the first time it is asked for; made for `str.translate`."""

    def __missing__(self, code: int) -> str:
        # categories C* (control, format, surrogate, private, unassigned) and Z* (separators) leave no ink
        inkless = unicodedata.category(chr(code))[0] in "CZ" or code in _INKLESS
        self[code] = _escape(code) if inkless else chr(code)
        return self[code]


def _escape(code: int) -> str:
    r"""0 -> '\x00', 0x202E -> '\u202e', 0xE0001 -> '\U000e0001': as Python would write it."""
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_DRAWINGS = _Drawings({ord(" "): "·", ord("\n"): "⏎", ord("\t"): "⇥"})


def visible(s: str) -> str:
    r"""
    The string with everything that leaves no ink made visible, for a cell of a table.

    A space, a newline and a tab have signs of their own; control characters, bidi controls, joiners and odd
    spaces are written as Python would escape them; an accent without a letter sits on a dotted circle. This
    is for eyes only: it cannot be undone (a '·' may have been a '·'), and it does not escape HTML.

    >>> visible("a b\n")
    'a·b⏎'
    >>> visible("\u0301")  # a combining acute accent
    '◌́'
    """
    drawn = s.translate(_DRAWINGS)
    return "◌" + drawn if unicodedata.category(drawn[:1] or " ")[0] == "M" else drawn
