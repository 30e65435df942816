"""How the views that are drawn in the browser make their elements."""

from pathlib import Path

ELEMENTS = Path(__file__).with_name("elements.js")


def script(path: Path) -> str:
    """A view's own script, with what the views share before it."""
    return "".join(each.read_text(encoding="utf-8") for each in (ELEMENTS, path))
