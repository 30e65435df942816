"""Source of the real modules, and values as source."""

import ast
import inspect
from types import ModuleType

WIDTH = 110  # of a line of text in the source


def source_of(module: ModuleType) -> str:
    """A module without its own docstring and imports: what it defines, as it stands."""
    source = inspect.getsource(module)
    tree = ast.parse(source)
    body = [
        node
        for number, node in enumerate(tree.body)
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    lines = source.splitlines()
    first = [min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) for node in body]
    parts = ["\n".join(lines[start - 1 : node.end_lineno]) for start, node in zip(first, body, strict=True)]
    return "\n\n\n".join(parts)


def text_literal(text: str) -> str:
    r"""A text as Python source that gives it back to the last character, readable where it can be.

    >>> print(text_literal('To be\nor "not"\0'))
    (
        'To be\n'
        'or "not"\x00'
    )
    """
    lines = text.splitlines(keepends=True) or [""]
    parts = [line[i : i + WIDTH] for line in lines for i in range(0, max(1, len(line)), WIDTH)]
    return "(\n" + "".join(f"    {part!r}\n" for part in parts) + ")"
