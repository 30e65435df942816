"""The shapes of a forward pass as a table, with the sizes that come from B and T in their colours."""

import html

import streamlit as st

from core.charts import PALETTES
from core.lessons.follow_the_shapes.words import too_many_sentence
from core.model import GPTConfig
from core.ui.charts import theme
from core.ui.lab import server

MAX_TRACE_NUMBERS = 20_000_000  # in the largest tensor: a trace must stay a matter of milliseconds
STYLE = """
.shapes { overflow: auto; max-height: 34rem; font-size: 0.85rem; }
.shapes table { border-collapse: collapse; width: 100%; }
.shapes th { text-align: left; position: sticky; top: 0; background: PAPER; }
.shapes td, .shapes th { padding: 0.25rem 0.4rem; border-bottom: 1px solid #8796a555; white-space: nowrap; }
.shapes code { font-size: 0.8rem; padding: 0; background: none; }
.shapes .n { text-align: right; font-variant-numeric: tabular-nums; }
.shapes .shape { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (max-width: 40rem) {  /* a phone: a tensor a paragraph, its shape first; numbers say what they are */
  .shapes thead { position: absolute; clip-path: inset(50%); }
  .shapes tr { display: flex; flex-wrap: wrap; gap: 0 0.6rem; padding: 0.4rem 0; border-bottom: 1px solid #8796a555; }
  .shapes td { padding: 0; border: 0; white-space: normal; overflow-wrap: anywhere; }
  .shapes td:empty { display: none; }
  .shapes .shape { order: -1; flex-basis: 100%; }
  .shapes [data-name]::after { content: " " attr(data-name); }
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
    """(4, 8, 64) with its B and T marked by name and colour; a size that is neither stays plain."""
    palette = PALETTES[theme()]
    parts = []
    for size, dim in zip(shape, dims, strict=True):
        color = {"B": palette.x, "T": palette.y}.get(dim, palette.text)
        name = f"<sub>{html.escape(dim.replace('*', '·'))}</sub>" if dim else ""
        weight = "700" if dim else "400"
        parts.append(f'<span style="color:{color};font-weight:{weight}">{size:,}{name}</span>')
    return "(" + ", ".join(parts) + ")" if parts else "a single number"


def show_shapes(rows: list[dict]) -> None:
    """A row a tensor: where it comes to be, what made it, its shape, its bytes, the parameters that took part."""
    lines = []
    for row in rows:
        name = html.escape(row["module"] or "the model itself")
        times = f"{row['repeats']} ×" if row["repeats"] > 1 else ""
        memory = "no copy" if row["is_view"] else f"{row['num_bytes']:,}"
        weights = f"{row['num_parameters']:,}" if row["num_parameters"] else ""
        cells = (
            f'<td class="n">{times}</td>',
            f"<td><code>{name}</code></td>",
            f'<td class="shape">{shape_html(row["shape"], row["dims"])}</td>',
            f"<td><code>{html.escape(row['operation'])}</code></td>",
            f'<td class="n"{"" if row["is_view"] else " data-name=bytes"}>{memory}</td>',
            f'<td class="n" data-name=parameters>{weights}</td>',
            f"<td>{row['dtype']}</td>",
        )
        lines.append(f"<tr role=row>{''.join(cells)}</tr>".replace("<td", "<td role=cell"))
    heads = ("Times", "Where", "Shape", "Operation", "Bytes", "Parameters", "Type")
    header = "".join(
        f"<th role=columnheader{' class=n' if head in ('Bytes', 'Parameters') else ''}>{head}</th>" for head in heads
    )
    st.html(
        f"<style>{STYLE.replace('PAPER', PALETTES[theme()].background)}</style>"
        '<div class="shapes" role="region" tabindex="0" aria-label="Every tensor of a forward pass"><table role=table>'
        f"<thead role=rowgroup><tr role=row>{header}</tr></thead><tbody role=rowgroup>"
        f"{''.join(lines)}</tbody></table></div>"
    )
