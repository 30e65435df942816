"""A batch on the screen: which windows, where they lie in the text, and how much of it has been seen."""

import numpy as np
import streamlit as st

from core.batches import Batch, WindowStream, coverage, make_batch, num_windows
from core.charts import coverage_chart, describe_coverage
from core.corpus import Corpus
from core.ui.batch_view import batch_view
from core.ui.charts import coverage_bins, draw, spec_of, theme

ROWS_PER_PAGE = 8
WHOLE_TEXT_TOKENS = 3_000  # a text up to this long is shown whole, a longer one around its windows
CONTEXT_TOKENS = 48  # shown before and after a window
UNITS = {"char": "character", "byte": "byte", "bpe": "token"}


def draw_batch(corpus: Corpus, stream: WindowStream, first: int, batch_size: int) -> Batch:
    """The batch of examples first, ..., first + B - 1. Raises ValueError for more rows than there are windows."""
    places = num_windows(stream.num_tokens, stream.block_size)
    if batch_size > places:
        raise ValueError(
            f"A batch of {batch_size:,} windows is more than the {places:,} that this text has at block size "
            f"{stream.block_size}: use a smaller batch, a smaller block size or a longer text."
        )
    return make_batch(corpus.train_ids, stream.starts(first=first, count=batch_size), block_size=stream.block_size)


def next_batch_button(label: str, key: str) -> int:
    """A button that counts: the number of the batch to show, from 0."""
    count = f"{key}_count"
    if st.button(label, key=key):
        st.session_state[count] = st.session_state.get(count, 0) + 1
    return st.session_state.get(count, 0)


def show_batch(corpus: Corpus, batch: Batch, key: str) -> None:
    """The batch as tables below its text, eight rows a page."""
    num_pages = -(-len(batch.starts) // ROWS_PER_PAGE)
    page = 1
    if num_pages > 1:
        page = st.pagination(num_pages, key=f"{key}_page")
    rows = slice((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE)
    if num_pages > 1:
        last = min(rows.stop, len(batch.starts))
        st.caption(f"Rows {rows.start} to {last - 1} of {len(batch.starts):,}.")
    batch_view(view_data(corpus, batch, rows), key=key)


def view_data(corpus: Corpus, batch: Batch, rows: slice) -> dict:
    """What the component draws: these rows of the batch, and the stretches of text around them, ready to be shown."""
    show = corpus.tokenizer.show
    ids = corpus.train_ids
    starts = batch.starts[rows].tolist()
    length = batch.x.shape[1] + 1
    windows = [ids[start : start + length].tolist() for start in starts]
    newline = corpus.tokenizer.encode("\n")[0] if "\n" in corpus.text else -1
    return {
        "block_size": length - 1,
        "first_row": rows.start,
        "rows": [
            {"start": start, "ids": window, "tokens": [show(i) for i in window]}
            for start, window in zip(starts, windows, strict=True)
        ],
        "excerpts": [
            {
                "start": low,
                "tokens": [show(i) for i in ids[low:high].tolist()],
                "breaks": np.flatnonzero(ids[low:high] == newline).tolist(),
            }
            for low, high in stretches(starts, length, len(ids))
        ],
        "num_tokens": len(ids),
        "unit": UNITS[corpus.tokenizer.name],
    }


def stretches(starts: list[int], length: int, num_tokens: int) -> list[tuple[int, int]]:
    """The parts of the text to show, (start, stop): windows with some context, joined where they meet.

    >>> stretches([5_000, 100, 120], length=9, num_tokens=10_000)
    [(52, 177), (4952, 5057)]
    """
    if num_tokens <= WHOLE_TEXT_TOKENS:
        return [(0, num_tokens)]
    parts: list[tuple[int, int]] = []
    for start in sorted(starts):
        low, high = max(0, start - CONTEXT_TOKENS), min(num_tokens, start + length + CONTEXT_TOKENS)
        if parts and low <= parts[-1][1]:
            parts[-1] = (parts[-1][0], high)
        else:
            parts.append((low, high))
    return parts


def show_coverage(stream: WindowStream, num_examples: int, batch: Batch, key: str) -> None:
    """How much of the training text the first `num_examples` examples have read, and where."""
    counts = stream.coverage(num_examples)
    now = coverage(batch.starts, stream.num_tokens, stream.block_size)
    seen, tokens_read = (counts > 0).mean(), num_examples * stream.block_size
    st.markdown(
        f"**{100 * seen:.3g}% of the text seen so far**, {int((counts > 0).sum()):,} of {stream.num_tokens:,} tokens. "
        f"{num_examples:,} windows of {stream.block_size} are {tokens_read:,} tokens read; "
        f"the most read token was read {counts.max():,} time{'s' if counts.max() > 1 else ''}."
    )
    bins = coverage_bins(counts > 0, now > 0)
    draw(spec_of(coverage_chart, theme()), key, describe_coverage(bins), bins=bins)
