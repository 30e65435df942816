"""The shapes of a forward pass, drawn and as tables, with the sizes that come from B and T in their colours."""

import html

import streamlit as st

from core.charts import PALETTES, counted
from core.lessons.follow_the_shapes.words import MAIN, main_rows, too_many_sentence
from core.model import GPTConfig
from core.ui.charts import theme
from core.ui.lab import server

MAX_TRACE_NUMBERS = 20_000_000  # in the largest tensor: a trace must stay a matter of milliseconds
STYLE = """
.shapes { font-size: 0.9rem; --line: #8796a555; }
.shapes table { border-collapse: collapse; width: 100%; }
.shapes th { text-align: left; }
.shapes.all { overflow: auto; max-height: 34rem; font-size: max(0.85rem, var(--least, 0px)); }
.shapes.all th { position: sticky; top: 0; background: var(--st-background-color, Canvas); }
.shapes td, .shapes th { padding: 0.25rem 0.4rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.shapes code { font-size: max(0.8rem, var(--least, 0px)); padding: 0; background: none; }
.shapes .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.shapes .shape { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: nowrap; }
.shapes .shape sub { font-size: max(0.75em, var(--least, 0px)); }
.way { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 0.6rem 1.1rem; padding: 0.8rem 0 0.4rem; }
.way .box { text-align: center; font-size: 0.95rem; }
.way .slab {
  width: 5.2rem; height: 3rem; margin: 0 auto 0.5rem; background: color-mix(in srgb, var(--x) 14%, Canvas);
  border-left: 5px solid var(--x); border-top: 5px solid var(--y); box-sizing: border-box;
}
.way .deep { box-shadow: 5px -5px 0 -1px var(--far), 10px -10px 0 -2px var(--far), 15px -15px 0 -3px var(--far); }
.way .deep { margin-right: 20px; }
.way .dot { width: 0.9rem; height: 0.9rem; border: 0; border-radius: 50%; background: currentColor; }
.way .arrow { font-size: 1.4rem; padding-bottom: 2.4rem; }
.way .b { color: var(--x); font-weight: 700; } .way .t { color: var(--y); font-weight: 700; }
@media (max-width: 40rem) {
  .shapes.all { font-size: max(0.75rem, var(--least, 0px)); }
  .shapes.all code { font-size: max(0.7rem, var(--least, 0px)); }
  .shapes td, .shapes th { padding: 0.2rem 0.25rem; }
  .shapes .wide { display: none; }
  .shapes th { overflow-wrap: normal; }
  .shapes.all th { font-size: max(0.7rem, var(--least, 0px)); }
  .way { gap: 1.4rem 0.5rem; padding-top: 1.2rem; }
  .way .slab { width: 3.4rem; height: 2.2rem; }
  .way .dot { width: 0.9rem; height: 0.9rem; }
}
"""


@st.cache_data(max_entries=200, show_spinner="Running the model once …")
def traced(config: GPTConfig, batch_size: int, num_steps: int) -> list[dict]:
    """The rows of `core.model.trace_shapes`, from a worker. Raises ValueError for shapes too large to run at once."""
    widest = max(config.vocab_size, 4 * config.n_embd)
    if batch_size * num_steps * widest > MAX_TRACE_NUMBERS:
        raise ValueError(too_many_sentence(batch_size * num_steps, widest))
    return server().lab.call("core.model.trace:trace_shapes", config, batch_size, num_steps)


def shape_html(shape: list[int], dims: list[str]) -> str:
    """(4, 8, 64) with its B and T marked by name and colour; another size stays plain."""
    palette = PALETTES[theme()]
    parts = []
    for size, dim in zip(shape, dims, strict=True):
        color = {"B": palette.x, "T": palette.y}.get(dim, palette.text)
        name = f"<sub>{html.escape(dim.replace('*', '·'))}</sub>" if dim else ""
        weight = "700" if dim else "400"
        parts.append(f'<span style="color:{color};font-weight:{weight}">{size:,}{name}</span>')
    return "(" + ", ".join(parts) + ")" if parts else "a single number"


def put(body: str) -> None:
    """HTML with the colours of x and y, which are those of B and T here."""
    palette = PALETTES[theme()]
    colors = f"--x:{palette.x};--y:{palette.y};--far:{palette.ghost}"
    st.html(f'<style>{STYLE}</style><div style="{colors}">{body}</div>')


def draw_way(rows: list[dict]) -> None:
    """The way of a batch through the model, in four boxes: B is as high as each, T as wide, the rest behind."""
    found = dict(main_rows(rows))
    ids, token, _, _, logits, loss = (found.get(what) for _, _, what in MAIN)
    layers = next((row["repeats"] for row in rows if row["repeats"] > 1), 1)
    boxes = (
        ("x: token ids", ids, "slab"),
        (f"C numbers each, {counted(layers, 'layer')}", token, "slab deep"),
        ("logits: V scores each", logits, "slab deep"),
        ("the loss", loss, "slab dot"),
    )
    drawn = [
        f'<div class="box"><div class="{look}"></div><span class="shape">{shape_html(row["shape"], row["dims"])}</span>'
        f"<br>{html.escape(what)}</div>"
        for what, row, look in boxes
        if row
    ]
    arrow = '<div class="arrow" aria-hidden="true">→</div>'
    put(f'<div class="shapes"><div class="way" data-testid="shapes-way">{arrow.join(drawn)}</div></div>')


def show_main(rows: list[dict]) -> None:
    """The six tensors that matter: what each is, its shape, its bytes, the parameters that took part."""
    lines = []
    for what, row in main_rows(rows):
        times = f", in each of {row['repeats']} layers" if row["repeats"] > 1 else ""
        lines.append(
            f'<tr><td>{html.escape(what + times)}</td><td class="shape">{shape_html(row["shape"], row["dims"])}</td>'
            f'<td class="n">{row["num_bytes"]:,}</td><td class="n wide">{parameters_of(row)}</td></tr>'
        )
    heads = '<th>What</th><th>Shape</th><th class="n">Bytes</th><th class="n wide">Parameters</th>'
    put(
        f'<div class="shapes" data-testid="shapes-main"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def parameters_of(row: dict) -> str:
    return f"{row['num_parameters']:,}" if row["num_parameters"] else ""


def show_shapes(rows: list[dict]) -> None:
    """A row a tensor: where it comes to be, what made it, its shape, its bytes, the parameters that took part."""
    lines = []
    for row in rows:
        name = html.escape(row["module"].removeprefix("transformer.") or "the model")
        times = f"{row['repeats']} ×" if row["repeats"] > 1 else ""
        memory = "no copy" if row["is_view"] else f"{row['num_bytes']:,}"
        cells = (
            f'<td class="n">{times}</td>',
            f"<td><code>{name}</code></td>",
            f'<td class="shape">{shape_html(row["shape"], row["dims"])}</td>',
            f"<td><code>{html.escape(row['operation'])}</code></td>",
            f'<td class="n">{memory}</td>',
            f'<td class="n wide">{parameters_of(row)}</td>',
            f'<td class="wide">{row["dtype"]}</td>',
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    looks = {"Bytes": "n", "Parameters": "n wide", "Type": "wide"}
    heads = ("", "Where", "Shape", "Operation", "Bytes", "Parameters", "Type")
    header = "".join(f'<th class="{looks.get(head, "")}">{head}</th>' for head in heads)
    put(
        '<div class="shapes all" role="region" tabindex="0" aria-label="Every tensor of a forward pass"><table>'
        f"<thead><tr>{header}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
