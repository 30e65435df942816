"""A table of the summary as HTML: beside a wide screen's columns, on a phone a card a row, each cell under its name."""

import html
from urllib.parse import urlencode

from core.charts import Theme, batch_size_color
from core.lessons.summary.tables import Cell, Head, Row, Table

STYLE = """
.summary { width: 100%; border-collapse: collapse; font-size: 0.9rem; line-height: 1.35; }
.summary th, .summary td {
  text-align: left; vertical-align: top; padding: 0.4rem 0.5rem 0.4rem 0; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);
}
.summary th { font-weight: 600; }
.summary tbody th, .summary thead th:first-child { padding-left: 0.6rem; border-left: 5px solid transparent; }
.summary a { color: inherit; text-decoration: underline; text-underline-offset: 0.15em; }
.summary small { display: block; font-size: max(0.8rem, var(--least, 0px)); font-weight: 400; opacity: 0.85; }
.summary .label { display: none; }
@media (max-width: 700px) {
  .summary, .summary tbody, .summary tr, .summary th, .summary td { display: block; width: 100%; }
  .summary thead { display: none; }
  .summary .label { display: block; font-size: max(0.85rem, var(--least, 0px)); font-weight: 600; }
  .summary td { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0.7rem; }
  .summary td { padding: 0.3rem 0 0.3rem 0.9rem; }
  .summary tr { margin-bottom: 1rem; }
}
"""


def table_html(table: Table, settings: dict[str, str], theme: Theme) -> str:
    """Its links keep the visitor's settings, which stand in the address."""
    columns = "".join(
        f'<th scope="col" role="columnheader">{head_html(head, settings)}</th>'
        for head in (Head(table.corner), *table.columns)
    )
    rows = "".join(row_html(row, table.columns, settings, theme) for row in table.rows)
    return (
        f'<style>{STYLE}</style><table class="summary" role="table" aria-label="{html.escape(table.name)}">'
        f'<thead role="rowgroup"><tr role="row">{columns}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
    )


def row_html(row: Row, columns: tuple[Head, ...], settings: dict[str, str], theme: Theme) -> str:
    colour = f' style="border-left-color: {batch_size_color(row.batch_size, theme)}"' if row.batch_size else ""
    cells = "".join(cell_html(cell, head, settings) for cell, head in zip(row.cells, columns, strict=True))
    return f'<tr role="row"><th scope="row" role="rowheader"{colour}>{head_html(row.head, settings)}</th>{cells}</tr>'


def cell_html(cell: Cell, head: Head, settings: dict[str, str]) -> str:
    interval = f"<small>{html.escape(cell.interval)}</small>" if cell.interval else ""
    label = f'<span class="label">{head_html(head, settings)}</span>'
    return f'<td role="cell">{label}<span>{html.escape(cell.value)}{interval}</span></td>'


def head_html(head: Head, settings: dict[str, str]) -> str:
    """Its text, and under it where that was measured, and by whom."""
    text = html.escape(head.text)
    if not head.lessons:
        return text
    query = html.escape(f"?{urlencode(settings)}" if settings else "")
    links = " × ".join(
        f'<a href="{lesson.page}{query}" target="_self">{html.escape(lesson.title)}</a>' for lesson in head.lessons
    )
    return f"{text} <small>{html.escape(head.mark)}: {links}</small>"
