"""The three orders on the same text: what has been read after some windows, what has not, and what to expect."""

import math

import pandas as pd
import streamlit as st

from core import charts
from core.batches import ORDERS, WindowStream, coverage
from core.corpus import Corpus, check_block_size
from core.lessons.choose_the_order.coverage import Drawn, bin_edges, bin_middles, read_table
from core.lessons.choose_the_order.words import percent, unread_sentence
from core.measure.coverage import expected_reads, unread_stretches
from core.settings.limits import MAX_EXAMPLES
from core.ui.charts import coverage_bins, draw, spec_of, theme
from core.ui.choices import Choices, widget_key

TITLES = {
    "random": "Random windows: tokens read",
    "shuffled": "Shuffled blocks: tokens read",
    "sequential": "Sequential blocks: tokens read",
}
NUM_STRETCHES, STRETCH_TOKENS = 3, 64  # of unread text, shown


def streams_of(choices: Choices, corpus: Corpus) -> dict[str, WindowStream]:
    """One for each order. Raises ValueError, with a sentence, for a text that does not hold a window."""
    check_block_size(corpus, choices.block_size, need_val=False)
    size = {"num_tokens": len(corpus.train_ids), "block_size": choices.block_size, "seed": choices.seed}
    return {order: WindowStream(order=order, **size) for order in ORDERS}


# ---- how many


def choose_examples(choices: Choices, epoch_size: int) -> int:
    """How many windows have been drawn: a number, and three ways to change it. At first an epoch's worth."""
    now = choices.order_examples
    now = min(epoch_size, MAX_EXAMPLES) if now is None else now
    if not choices.draws("order_examples"):
        return now
    B, key, fixed = choices.order_batch_size, widget_key("order_examples"), choices.fixed("order_examples")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state[key] = now
        st.number_input(
            "Windows drawn", 0, MAX_EXAMPLES, key=key, step=B, width=190, on_change=take_examples, args=(choices,),
            disabled=fixed,
        )  # fmt: skip
        for label, to in (
            ("Start over", 0),
            (f"One step (+{B:,})", now + B),
            (f"One epoch's worth (+{epoch_size:,})", now + epoch_size),
        ):
            beyond = fixed or to > MAX_EXAMPLES
            st.button(label, disabled=beyond, on_click=choices.set, kwargs={"order_examples": to})
    return now


def take_examples(choices: Choices) -> None:
    """What the visitor has typed; nothing from an empty box."""
    value = st.session_state[widget_key("order_examples")]
    if value is not None:
        choices.set(order_examples=value)


# ---- the maps


def show_maps(drawn: dict[str, Drawn], batch_size: int) -> None:
    """The three orders side by side: what each has read, in a number and along the text."""
    for column, (order, each) in zip(st.columns(len(drawn), gap="medium"), drawn.items(), strict=True):
        with column:
            show_map(order, each, batch_size)


def show_map(order: str, drawn: Drawn, batch_size: int) -> None:
    last = min(batch_size, drawn.num_examples)
    starts = drawn.stream.starts(first=drawn.num_examples - last, count=last)
    now = coverage(starts, drawn.stream.num_tokens, drawn.stream.block_size)
    bins = coverage_bins(drawn.counts > 0, now > 0)
    st.metric(TITLES[order], percent(1 - drawn.unseen))
    draw(spec_of(charts.coverage_chart, theme()), f"coverage_{order}", charts.describe_coverage(bins), bins=bins)


def show_unread(corpus: Corpus, drawn: dict[str, Drawn]) -> None:
    """The longest stretches of the text that each order has not read."""
    for column, (order, each) in zip(st.columns(len(drawn), gap="medium"), drawn.items(), strict=True):
        num, longest = unread_stretches(each.counts, NUM_STRETCHES)
        lines = [stretch_text(corpus, first, end) for first, end in longest]
        with column:
            st.markdown(f"**{order.capitalize()}.** {unread_sentence(each)}")
            st.caption(f"{charts.counted(num, 'stretch', 'stretches')} not read; the longest:")
            st.code("\n\n".join(lines) or "none: all has been read", language=None, wrap_lines=True)


def stretch_text(corpus: Corpus, first: int, end: int) -> str:
    """The beginning of tokens `first` to `end` of the text, made visible."""
    text = "".join(map(corpus.tokenizer.show, corpus.train_ids[first : min(end, first + STRETCH_TOKENS)].tolist()))
    more = " …" if end - first > STRETCH_TOKENS else ""
    return f"{charts.counted(end - first, 'token')} from {first:,} on:\n{text}{more}"


# ---- what to expect


def show_reads(drawn: dict[str, Drawn]) -> None:
    """How often tokens were read, and how often one would expect it."""
    highest = max(int(each.counts.max()) for each in drawn.values())
    lowest = min(int(each.counts.min()) for each in drawn.values())
    edges = bin_edges(lowest, highest)
    random = next(iter(drawn.values()))
    reads = pd.concat([read_table(order, each.counts, edges) for order, each in drawn.items()], ignore_index=True)
    size = random.stream.num_tokens, random.stream.block_size
    shares = expected_reads(*size, random.num_examples, edges)
    theory = pd.DataFrame({"times": bin_middles(edges), "share": shares})
    top = max(0.1, math.ceil(10 * max(reads["share"].max(), theory["share"].max())) / 10)
    draw(
        spec_of(charts.order_reads_chart, ORDERS, theme()),
        "order_reads",
        charts.describe_reads(reads, theory),
        reads=reads[reads["share"] > 0],
        theory=theory,
        frame=charts.frame_corners((edges[0] - 0.6, edges[-1] - 0.4), (0.0, top)),
    )
