r"""
A text becomes documents: the parts between lines of ---, or, where there are none, between blank lines.

    "a poem\n\na recipe\nfor soup"     ->  "a poem", "a recipe\nfor soup"
    "a poem\n\nits end\n---\nsoup"     ->  "a poem\n\nits end", "soup"

What stands between documents belongs to none of them. Nothing here knows what a token is.
"""

import re
from itertools import accumulate

from core.corpus.samples import samples

FOUR = "lamp\n\nswarming\n\nmills\n\nlighthouses"  # 4, 8, 5 and 11 letters
DOCUMENT_SOURCES = ("four", *(name for name, sample in samples().items() if sample.language is None))
MAX_DOCUMENTS = 500
MAX_DOCUMENT_CHARACTERS = 100_000  # of all documents together

_DASHES = re.compile(r"^---[ \t]*$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


def split_documents(text: str) -> tuple[str, ...]:
    r"""
    The documents of a text, in order, without the newlines around them; empty ones are left out.

    >>> split_documents("one\n\ntwo\nlines\n\n\nthree\n")
    ('one', 'two\nlines', 'three')
    >>> split_documents("one\n\nstill one\n---\ntwo")
    ('one\n\nstill one', 'two')
    """
    between = _DASHES if _DASHES.search(text) else _BLANK_LINES
    parts = (part.strip("\n") for part in between.split(text))
    return tuple(part for part in parts if part.strip(" \t\n"))


def first_documents(documents: tuple[str, ...]) -> tuple[str, ...]:
    """
    As many of the first documents as there may be. Raises ValueError, with a sentence, where there are none, or where
    the first alone is too long.

    >>> first_documents(("one", "two"))
    ('one', 'two')
    """
    if not documents:
        raise ValueError("There is no document yet: paste some, with a blank line or a line of --- between them.")
    if len(documents[0]) > MAX_DOCUMENT_CHARACTERS:
        raise ValueError(
            f"The first document has {len(documents[0]):,} characters; at most {MAX_DOCUMENT_CHARACTERS:,} can be "
            "packed. Put a blank line, or a line of ---, between documents, or paste less."
        )
    totals = accumulate(map(len, documents[:MAX_DOCUMENTS]))
    return documents[: sum(total <= MAX_DOCUMENT_CHARACTERS for total in totals)]
