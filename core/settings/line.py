"""A line that a visitor wrote."""

import unicodedata


def one_line(text: str, most: int) -> str:
    """What somebody wrote as it may stand before others: one line, at most one mark on a letter, so that nothing is
    taller than its line, and no characters that turn the writing round. Empty where nothing is left.

    >>> one_line("  Ada\\n\\tL. ", 24), one_line("Z" + 20 * chr(0x0351) + "algo", 24), one_line(chr(0x202E) + "abc", 2)
    ('Ada L.', 'Z͑algo', 'ab')
    """
    kept = ""
    for c in unicodedata.normalize("NFC", text[: 20 * most]):
        kind = unicodedata.category(c)
        if kind[0] == "Z" or c in "\t\n\r":
            c, kind = " ", "Zs"
        mark_on_mark = kind[0] == "M" and (not kept or unicodedata.category(kept[-1])[0] == "M")
        if kind[0] != "C" and not mark_on_mark:  # no control, no direction, nothing unassigned
            kept += c
    return " ".join(kept.split())[:most].strip()
