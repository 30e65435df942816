"""Packed rows as HTML, slot by slot. All text of documents is escaped."""

import html
from collections.abc import Iterable

from core.batches import PackedBatch, Piece
from core.charts import PALETTES, Theme
from core.corpus import Tokenizer

STYLE = """
.packed { overflow: auto; max-height: 24rem; border: 1px solid LINE; border-radius: 0.5rem; padding: 0.3rem 0.6rem; }
.packed .row {
  display: grid; grid-template-columns: 3.6rem minmax(0, 1fr);
  padding: 0.3rem 0; border-bottom: 1px solid GRID;
}
.packed .row:last-child { border-bottom: 0; }
.packed .name { font-size: max(0.85rem, var(--least, 0px)); }
.packed .slots {
  font: max(0.85rem, var(--least, 0px))/1.7 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  line-break: anywhere;
}
.packed .doc { border-left: 3px solid EDGE; padding: 0.12em 0 0.12em 2px; }
.packed .even { background: EVEN; }
.packed .odd { text-decoration: underline dotted EDGE; text-underline-offset: 0.25em; }
.packed .rest { border-left-style: dashed; }
.packed b {
  display: inline-block; margin-right: 3px; padding: 0 4px; border-radius: 3px;
  background: EDGE; color: PAPER; font: 600 max(0.7rem, var(--least, 0px))/1.3 sans-serif;
}
.packed i { font-style: normal; unicode-bidi: isolate; white-space: pre-wrap; }
.packed .wide i { border-right: 1px dotted EDGE; }
.packed .pad {
  padding: 0.12em 0; color: EDGE;
  background: repeating-linear-gradient(135deg, transparent 0 4px, LINE 4px 5px);
}
"""


def rows_html(batch: PackedBatch, tokenizer: Tokenizer, lengths: list[int], rows: Iterable[int], theme: Theme) -> str:
    """Some rows of a batch: each document after its number, padding hatched, one dot a slot."""
    lines = []
    wide = "" if tokenizer.name == "char" else " wide"
    for row in rows:
        start, parts = 0, []
        for place, piece in enumerate(batch.plan[row]):
            ids = batch.ids[row, start : start + piece.num_tokens].tolist()
            parts.append(piece_html(piece, lengths[piece.document], [tokenizer.show(i) for i in ids], place))
            start += piece.num_tokens
        if padding := batch.ids.shape[1] - start:
            parts.append(f'<span class="pad" title="{padding} slots of padding">{"." * padding}</span>')
        name = f'<span class="name">row {row}</span>'
        lines.append(f'<div class="row">{name}<div class="slots{wide}">{"".join(parts)}</div></div>')
    return (
        f'<style>{style(theme)}</style><div class="packed" data-testid="packed-rows" role="region" tabindex="0" '
        f'aria-label="The rows of the batch, slot by slot">{"".join(lines)}</div>'
    )


def piece_html(piece: Piece, length: int, tokens: list[str], place: int) -> str:
    """A document in its row, or a piece of one; neighbours differ in look."""
    name = str(piece.document)
    if piece.num_tokens < length:
        name += f": {piece.start}–{piece.stop - 1}"
    look = ("even", "odd")[place % 2] + (" rest" if piece.start else "")
    title = f"document {piece.document}, tokens {piece.start} to {piece.stop - 1} of {length}"
    inside = "".join(f"<i>{html.escape(token)}</i>" for token in tokens)
    return f'<span class="doc {look}" title="{title}"><b>{name}</b>{inside}</span>'


def style(theme: Theme) -> str:
    palette = PALETTES[theme]
    names = {
        "LINE": palette.grid,
        "GRID": palette.grid,
        "EDGE": palette.theory,
        "PAPER": palette.background,
        "EVEN": f"color-mix(in srgb, {palette.part} 18%, {palette.background})",
    }
    css = STYLE
    for name, value in names.items():
        css = css.replace(name, value)
    return css
