"""A term is explained where it stands: by a help, in the glossary's words."""

import ast
from pathlib import Path

import pytest

from core.ui.choices import HELPS
from core.ui.glossary import WORDS, explain

ROOT = Path(__file__).parents[2]
FILES = [*ROOT.glob("pages/*.py"), *ROOT.glob("core/lessons/**/view*.py")]
TERMS = ("t interval", "int64", "vocabulary of")  # that are shown in a line of text which defines nothing itself


def lines_with(term: str):
    """The calls that show a line of text with this term."""
    for path in FILES:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("caption", "markdown") and call.args:
                text = ast.unparse(call.args[0])
                if term in text and f"{term}:" not in text and "\\n" not in text:
                    yield f"{path.name}:{call.lineno}", {each.arg for each in call.keywords}


@pytest.mark.parametrize("term", TERMS)
def test_a_line_with_a_term_has_its_help(term):
    found = dict(lines_with(term))
    assert found
    assert [place for place, names in found.items() if "help" not in names] == []


def test_a_help_is_the_glossary_s_and_leads_there():
    assert explain("nat").startswith("**nat**: The unit of that loss.") and "(words)" in explain("nat")
    assert HELPS["seed"] == explain("seed")


def test_every_term_that_new_users_missed_is_in_the_glossary():
    known = " ".join(f"{term} {meaning}" for words in WORDS.values() for term, meaning in words.items())
    terms = [
        "nat",
        "ln V",
        "seed",
        "paired",
        "resolved",
        "t interval",
        "clipping",
        "int64",
        "tr Σ",
        "|G|²",
        "cosine",
        "design effect",
    ]
    assert [term for term in terms if term not in known] == []
