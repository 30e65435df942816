"""What teachers read: the Markdown files in `data/teaching/`, which are read as they stand in the repository too."""

import re

from core.settings.declared import SHEETS
from core.ui.page_file import ROOT

FOLDER = ROOT / "data" / "teaching"
FOLDED = ("If something goes wrong", "What the worksheet should say")  # their headings
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def sheet(name: str) -> tuple[str, dict[str, str]]:
    """(what is shown of one of `SHEETS`, what is folded, by its heading), as it stands below a page's title."""
    assert name in SHEETS
    return parts((FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def parts(markdown: str) -> tuple[str, dict[str, str]]:
    r"""Each heading one level lower, for the page has its own; and apart from the rest, the parts that are folded.

    >>> parts("# Plan\n\n## Begin\n\nNow.\n\n## If something goes wrong\n\nWait.\n")
    ('## Plan\n\n### Begin\n\nNow.\n\n', {'If something goes wrong': 'Wait.'})
    """
    first, *rest = re.split(r"^(?=## )", markdown, flags=re.MULTILINE)
    shown, folded = lowered(first), {}
    for part in rest:
        heading, _, text = part.partition("\n")
        if (title := heading.removeprefix("## ")) in FOLDED:
            folded[title] = lowered(text.strip())
        else:
            shown += lowered(part)
    return shown, folded


def lowered(markdown: str) -> str:
    r"""Each heading one level lower; what only looks like one, in a block of code, stays.

    >>> lowered("# Plan\n\n## Say #1\n")
    '## Plan\n\n### Say #1\n'
    """
    codes = [match.span() for match in FENCE.finditer(markdown)]

    def one_lower(match: re.Match) -> str:
        in_code = any(start <= match.start() < stop for start, stop in codes)
        return match.group() if in_code else f"#{match.group()}"

    return re.sub(r"^#+ ", one_lower, markdown, flags=re.MULTILINE)
