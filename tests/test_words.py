"""The English of what a visitor reads: turns that were banned, because a reader reads them twice, do not come back."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "pages", "core/lessons", "core/ui", "core/charts", "core/settings", "core/export/lessons", "data/teaching",
)  # fmt: skip
SHOWN = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".md", ".js") and "__pycache__" not in path.parts
]
BANNED = {  # the turn: what to say
    r"\b(is|are|was|were|has been|gets) told\b": "reported, or say it straight",
    r"\bheld against\b": "compared with",
    r"\bat hand\b": "available, current",
    r"\bin one go\b": "at once, in one pass",
    r"\b(come|comes|came) up again\b": "started to rise",
    r"\bcan(not)? be had\b": "available",
    r"\bfor want of\b": "missing",
    r"\bhangs? together\b": "correlated",
    r"\bto be told from\b|\bcan(not)? (be told|tell (it|them|the two)) (from|apart)\b": "too close to call",
    r"\bthese seeds cannot\b": "too close to call with N runs",
    r"\bholds? (−|-)?(0|1/2|½|the truth)\b": "contains",
    r"\b(random|shuffled|sequential|validation|training|B = \S+) less (random|shuffled|B = |training)": "minus",
    r"\bis there first\b|\bthere first\b": "reaches it first",
    r"\bsoonest at\b": "reaches the goal first",
    r"\bstops? to gain\b|\bpay no more\b": "stop gaining",
    r"\bleft all bounds\b": "diverged",
    r"\bput right\b": "corrected",
    r"\bsaid so\b": "says so",
    r"\bone layers\b|\b1 layers\b": "1 layer",
    r"\bbeside (them|it), \b": "with",
}


def sentences(path: Path):
    """(line, text) of what a file shows: its strings but docstrings, or all of a text."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(source.splitlines(), start=1)
        return
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_banned_turn_is_shown(path):
    found = [
        f"line {line}: {match.group()!r} (say: {better})"
        for line, text in sentences(path)
        for turn, better in BANNED.items()
        if (match := re.search(turn, text, re.IGNORECASE))
    ]
    assert not found, "\n".join(found)


def test_a_banned_turn_would_be_found(tmp_path):
    page = tmp_path / "page.py"
    page.write_text('"""It is held against it."""\nprint("The gradient is held against the truth.")\n')
    assert [line for line, text in sentences(page) if re.search(r"\bheld against\b", text)] == [2]
