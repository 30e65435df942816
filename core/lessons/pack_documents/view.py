"""Documents in rows on a page: the rows slot by slot, the three ways in numbers, and whether documents leak."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.batches import IGNORE, PADDING, PackedBatch
from core.corpus import split_documents
from core.lessons.pack_documents.rows import rows_html
from core.lessons.pack_documents.words import (
    edit_sentences,
    equality_sentences,
    leak_sentences,
    own_text_sentence,
    strategy_numbers,
)
from core.measure.reports import Leak, PackingReport
from core.model import GPTConfig
from core.settings.declared import PACKING_TITLES
from core.ui.charts import draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.lab import server
from core.ui.packing import Packing
from core.ui.texts import paste_box, pasted_text

ROWS_PER_PAGE = 8
NAMED_SHARE = 0.05  # of the row: a shorter document has no name in the picture
number = charts.format_significant


def choose_documents(choices: Choices) -> None:
    """The field for documents of one's own, and whether they are the text of the other pages."""
    own = choices.documents == "pasted"
    if own:
        paste_box(choices)
    num_documents = len(split_documents(pasted_text()))
    if sentence := own_text_sentence(choices.source == "pasted" and num_documents > 0, own, num_documents):
        st.caption(sentence)


# ---- the three strategies


def show_strategies(batches: dict[str, PackedBatch]) -> None:
    columns = {PACKING_TITLES[strategy]: strategy_numbers(batch) for strategy, batch in batches.items()}
    st.table(pd.DataFrame(columns))


def show_rows(packing: Packing, batch: PackedBatch) -> None:
    """The batch slot by slot, eight rows a page."""
    num_pages = -(-len(batch.plan) // ROWS_PER_PAGE)
    page = min(st.pagination(num_pages, key="packing_page"), num_pages) if num_pages > 1 else 1
    rows = range((page - 1) * ROWS_PER_PAGE, min(page * ROWS_PER_PAGE, len(batch.plan)))
    if num_pages > 1:
        st.caption(f"Rows {rows.start} to {rows.stop - 1} of {len(batch.plan):,}.")
    st.html(rows_html(batch, packing.tokenizer, [len(ids) for ids in packing.ids], rows, theme()))


# ---- inside one row


def choose_row(choices: Choices, report: PackingReport) -> int:
    """One of the rows whose documents were compared; the first row where there are none."""
    shared = [leak.row for leak in report.leaks] or [0]
    if choices.packed_row not in shared:
        choices.correct(packed_row=shared[0])
    return choices.select("packed_row", options=shared, format_func=lambda row: f"row {row}")


def show_mask(batch: PackedBatch, row: int, masked: bool) -> None:
    """Who looks at whom in that row."""
    looks, edges, names = mask_tables(batch, row, masked)
    T = batch.ids.shape[1]
    sentence = charts.describe_attention([piece.num_tokens for piece in batch.plan[row]], masked)
    draw(
        spec_of(charts.attention_chart, theme()),
        "packing_mask",
        sentence,
        looks=looks,
        edges=edges,
        names=names,
        frame=charts.frame_corners((0, T), (0, T), x_column="x", y_column="y"),
    )
    st.caption(sentence)


def mask_tables(batch: PackedBatch, row: int, masked: bool) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(looks, edges, names): what each slot looks at, where documents meet, and where their names stand."""
    slots = np.flatnonzero(batch.segments[row] != PADDING)
    starts = slots - batch.positions[row, slots]  # of each slot's document
    looks = [(q, start, q, charts.OWN) for q, start in zip(slots.tolist(), starts.tolist(), strict=True)]
    if not masked:
        looks += [(q, 0, start - 1, charts.OTHERS) for q, start, *_ in looks if start]
    edges = np.unique(starts)[1:]
    stops = [*edges.tolist(), len(slots)]
    names = [
        ((start + stop) / 2, f"doc {piece.document}")
        for piece, start, stop in zip(batch.plan[row], [0, *stops], stops, strict=False)
        if stop - start >= NAMED_SHARE * batch.ids.shape[1]
    ]
    return (
        pd.DataFrame(looks, columns=["query", "first", "last", "kind"]),
        pd.DataFrame({"slot": edges}),
        pd.DataFrame(names, columns=["middle", "label"]),
    )


def row_table(packing: Packing, batch: PackedBatch, row: int) -> pd.DataFrame:
    """A row slot by slot: the document, the position in it, the token, and what is to be predicted there."""
    show = packing.tokenizer.show
    real = batch.segments[row] != PADDING
    columns = (batch.segments[row], batch.positions[row], batch.ids[row], batch.y[row])
    rows = [
        (slot, str(document), str(position), show(token), show(target) if target != IGNORE else "none")
        if is_real
        else (slot, "padding", "", "", "none")
        for slot, (is_real, document, position, token, target) in enumerate(
            zip(real.tolist(), *(column.tolist() for column in columns), strict=True)
        )
    ]
    return pd.DataFrame(rows, columns=["slot", "document", "position", "token", "target"])


# ---- do they leak?


def show_leak(report: PackingReport, row: int, masked: bool) -> Leak | None:
    """What an edit of the row's first document does to the loss of its second, with the mask and without."""
    leak = next((leak for leak in report.leaks if leak.row == row), None)
    if leak is None:
        st.info("No row contains two documents with something to predict, so nothing can leak: use longer rows.")
        return None
    st.markdown(edit_sentences(leak))
    with_mask, without = st.columns(2)
    for column, name, chosen, before, after in (
        (with_mask, "Attention: own document", masked, leak.masked, leak.masked_after),
        (without, "Attention: whole row", not masked, leak.unmasked, leak.unmasked_after),
    ):
        with column.container(border=chosen):
            moved = "exactly 0" if after == before else charts.format_loss(after - before, "+")
            st.metric(name, moved)
            st.caption(f"{charts.format_loss(before)} → {charts.format_loss(after)}")
    st.caption(leak_sentences(report, leak))
    return leak


def show_equality(report: PackingReport) -> None:
    left, middle, right = st.columns(3)
    left.metric("Packed minus alone", charts.format_tiny(report.largest_difference))
    middle.metric("Positions that run on", number(report.running_difference))
    same = np.isfinite(report.gradient_difference)
    right.metric("Padded minus packed", charts.format_tiny(report.gradient_difference) if same else "none")
    st.caption(equality_sentences(report))


# ---- what is made once


def report_of(packing: Packing) -> PackingReport:
    """What a model says that was trained briefly on the documents. Raises ValueError or LabError."""
    return cached_report(*packing.key, packing.ids)  # type: ignore[call-arg]  # its key is as long as it takes


@st.cache_data(max_entries=100, show_spinner="Training a small model …")
def cached_report(documents, tokenizer: str, config: GPTConfig, seed: int, device: str, _ids) -> PackingReport:
    return server().lab.call("core.calls.packing:prove", list(_ids), config, seed, device)
