"""A term is explained where it stands: by a help, in the glossary's words."""

import ast
from pathlib import Path

import pytest

from core.ui.choices import HELPS
from core.ui.glossary import WORDS, explain

ROOT = Path(__file__).parents[2]
FILES = [*ROOT.glob("pages/*.py"), *ROOT.glob("core/lessons/**/view*.py")]
TERMS = ("t interval", "int64", "vocabulary of")  # that are shown in a line of text which defines nothing itself
HELPED = ("cosine", "lipping", "tr Σ", "|G|²", "design effect", "resolved", "paired", " nats", "ctivations")


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


def helps():
    """The values of each file that are a place's help: written at the place, or above, by a name."""
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assigned = [each for each in tree.body if isinstance(each, ast.Assign)]
        names = {ast.unparse(target): each.value for each in assigned for target in each.targets}
        for call in ast.walk(tree):
            for word in call.keywords if isinstance(call, ast.Call) else ():
                if word.arg == "help":
                    yield path.name, names.get(getattr(word.value, "id", ""), word.value)


def test_a_help_with_a_term_explains_it_and_leads_to_the_glossary():
    found = list(helps())
    assert len(found) > 20
    texts = [(name, value.value) for name, value in found if isinstance(value, ast.Constant)]
    assert [(name, text) for name, text in texts if text and any(term in text for term in HELPED)] == []


def test_a_help_is_the_glossary_s_and_leads_there():
    assert explain("nat").startswith("**nat**: The unit of that loss.") and "(words)" in explain("nat")
    assert explain("nat", here="Of this place.").startswith("Of this place.\n\n**nat**: ")
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
