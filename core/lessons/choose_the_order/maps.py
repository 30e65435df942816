"""The three orders on the same text: what has been read after so many windows, what has not, and what to expect."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.batches import ORDERS, WindowStream, coverage
from core.corpus import Corpus, check_block_size
from core.measure.coverage import expected_reads, expected_unseen, unread_stretches
from core.settings.limits import MAX_EXAMPLES
from core.ui.charts import coverage_bins, draw, spec_of, theme
from core.ui.choices import Choices, widget_key

TITLES = {
    "random": "**Random**: from anywhere, drawn anew each time (with replacement)",
    "shuffled": "**Shuffled**: every block once an epoch, in a new order (without)",
    "sequential": "**Sequential**: the same blocks, front to back, again and again",
}
MAX_BARS = 40
NUM_STRETCHES, STRETCH_TOKENS = 3, 64  # of unread text, shown
NUM_SEEDS = 10  # whose coverage is compared


@dataclass(frozen=True)
class Drawn:
    """The first windows of a stream, and how often they have read each token."""

    stream: WindowStream
    num_examples: int
    counts: np.ndarray  # (N,)

    @property
    def unseen(self) -> float:
        """The share of tokens that were never read."""
        return float((self.counts == 0).mean())


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
    B, key = choices.order_batch_size, widget_key("order_examples")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state[key] = now
        st.number_input(
            "Windows drawn", 0, MAX_EXAMPLES, key=key, step=B, width=190, on_change=take_examples, args=(choices,)
        )
        for label, to in (
            ("Start over", 0),
            (f"One step (+{B:,})", now + B),
            (f"One epoch's worth (+{epoch_size:,})", now + epoch_size),
        ):
            st.button(label, disabled=to > MAX_EXAMPLES, on_click=choices.set, kwargs={"order_examples": to})
        choices.number("order_batch_size", width=130)
    return now


def take_examples(choices: Choices) -> None:
    value = st.session_state[widget_key("order_examples")]
    if value is not None:
        choices.set(order_examples=value)


def amount_sentence(drawn: Drawn, batch_size: int) -> str:
    """How much that is in steps, epochs and tokens."""
    number, stream = charts.format_significant, drawn.stream
    return (
        f"**{drawn.num_examples:,} windows** of {stream.block_size} tokens: {drawn.num_examples / batch_size:,.5g} "
        f"steps of B = {batch_size:,}, {drawn.num_examples * stream.block_size:,} tokens read, "
        f"**{number(drawn.num_examples / stream.epoch_size)} epochs' worth** of a text of {stream.num_tokens:,} tokens."
    )


# ---- the maps


def show_maps(corpus: Corpus, drawn: dict[str, Drawn], batch_size: int) -> list[str]:
    """The three orders side by side; returns what is seen as sentences."""
    columns = st.columns(len(drawn), gap="medium")
    return [
        f"{order.capitalize()}: {show_map(column, corpus, order, each, batch_size)}"
        for column, (order, each) in zip(columns, drawn.items(), strict=True)
    ]


def show_map(column, corpus: Corpus, order: str, drawn: Drawn, batch_size: int) -> str:
    """What one order has read: in a number, along the text, and the text that it has not read."""
    last = min(batch_size, drawn.num_examples)
    starts = drawn.stream.starts(first=drawn.num_examples - last, count=last)
    now = coverage(starts, drawn.stream.num_tokens, drawn.stream.block_size)
    bins = coverage_bins(drawn.counts > 0, now > 0)
    sentence = charts.describe_coverage(bins)
    with column:
        st.markdown(TITLES[order])
        st.metric("Of the text, read at least once", percent(1 - drawn.unseen))
        draw(spec_of(charts.coverage_chart, theme()), f"coverage_{order}", sentence, bins=bins)
        unread, times = int((drawn.counts == 0).sum()), int(drawn.counts.max())
        st.markdown(
            f"Not read: **{percent(drawn.unseen)}**, {charts.counted(unread, 'token')}. "
            f"The most read token: {charts.counted(times, 'time')}."
        )
        show_unread(corpus, drawn)
    return sentence


def show_unread(corpus: Corpus, drawn: Drawn) -> None:
    """The longest stretches of the text that were not read, as they stand there."""
    num, longest = unread_stretches(drawn.counts, NUM_STRETCHES)
    st.caption(f"{charts.counted(num, 'stretch', 'stretches')} not read; the longest:")
    lines = []
    for first, behind in longest:
        shown = corpus.train_ids[first : min(behind, first + STRETCH_TOKENS)].tolist()
        more = " …" if behind - first > STRETCH_TOKENS else ""
        text = "".join(map(corpus.tokenizer.show, shown))
        lines.append(f"{charts.counted(behind - first, 'token')} from {first:,} on:\n{text}{more}")
    st.code("\n\n".join(lines) or "none: all has been read", language=None, wrap_lines=True, height=240)


def percent(share: float) -> str:
    """
    >>> percent(0.36788), percent(0.999964), percent(0.0), percent(1.0), percent(3.6e-5)
    ('36.8%', '99.9964%', '0%', '100%', '0.0036%')
    """
    rest = min(share, 1 - share)
    digits = 1 if rest >= 0.01 or rest <= 0 else 1 - math.floor(math.log10(100 * rest))
    return "0%" if share == 0 else "100%" if share == 1 else f"{100 * share:.{digits}f}%"


# ---- what to expect


def theory_sentence(drawn: Drawn) -> str:
    """Why random windows leave out what they leave out, with the numbers of this text."""
    N, T, n = drawn.stream.num_tokens, drawn.stream.block_size, drawn.num_examples
    middle = max(0.0, 1 - T / (N - T)) ** n
    miss = f"1 - {T} / {N - T:,}".replace(",", "{,}")
    power = f"{n:,}".replace(",", "{,}")
    return (
        f"**What to expect of random windows.** A window starts at one of N − T = {N - T:,} places, and a token in "
        f"the middle of the text is read by {T:,} of these windows. One draw misses it with probability ${miss}$, and "
        f"{n:,} draws all miss it with probability $({miss})^{{{power}}}$ = **{percent(middle)}**. Tokens near the "
        f"ends are read by fewer: over the whole text, **{percent(expected_unseen(N, T, n))}** should be unread, and "
        f"**{percent(drawn.unseen)}** is. After one epoch's worth, n = N/T, the formula is near $(1 - 1/n)^n$, and "
        f"that is near **1/e = {percent(math.exp(-1))}** unread, {percent(1 - math.exp(-1))} read, on any long text."
    )


def show_reads(drawn: dict[str, Drawn]) -> str:
    """How often tokens were read, and how often one would expect it; returns what is seen as a sentence."""
    highest = max(int(each.counts.max()) for each in drawn.values())
    lowest = min(int(each.counts.min()) for each in drawn.values())
    edges = bin_edges(lowest, highest)
    middles = (edges[:-1] + edges[1:] - 1) / 2
    random = next(iter(drawn.values()))
    reads = pd.concat([read_table(order, each.counts, edges) for order, each in drawn.items()], ignore_index=True)
    size = random.stream.num_tokens, random.stream.block_size
    theory = pd.DataFrame({"times": middles, "share": expected_reads(*size, random.num_examples, edges)})
    top = max(0.1, math.ceil(10 * max(reads["share"].max(), theory["share"].max())) / 10)
    sentence = charts.describe_reads(reads, theory)
    draw(
        spec_of(charts.order_reads_chart, ORDERS, theme()),
        "order_reads",
        sentence,
        reads=reads[reads["share"] > 0],
        theory=theory,
        frame=charts.frame_corners((edges[0] - 0.6, edges[-1] - 0.4), (0.0, top)),
    )
    return sentence


def bin_edges(lowest: int, highest: int) -> np.ndarray:
    """Whole edges (K + 1,) of at most 40 equally wide bins that hold all counts.

    >>> bin_edges(0, 3)
    array([0, 1, 2, 3, 4])
    """
    width = -(-(highest - lowest + 1) // MAX_BARS)
    return np.arange(lowest, highest + width + 1, width)


def read_table(order: str, counts: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    """times, start, end, share, order: a row a bin. counts: how often each token was read, (N,)."""
    shares = np.histogram(counts, edges)[0] / len(counts)
    middles = (edges[:-1] + edges[1:] - 1) / 2
    half = 0.45 * (edges[1] - edges[0])
    return pd.DataFrame(
        {"times": middles, "start": middles - half, "end": middles + half, "share": shares, "order": order}
    )


@st.cache_data(show_spinner=False, max_entries=64)
def seen_by_seed(stream: WindowStream, num_examples: int) -> np.ndarray:
    """The share of the text that each of some seeds, from the stream's on, has read after so many windows."""
    size = {"num_tokens": stream.num_tokens, "block_size": stream.block_size, "order": stream.order}
    streams = [WindowStream(seed=stream.seed + more, **size) for more in range(NUM_SEEDS)]
    return np.array([(each.coverage(num_examples) > 0).mean() for each in streams])
