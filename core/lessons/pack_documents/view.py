"""Documents in rows on a page: the three ways side by side, the rows slot by slot, the proofs, what padding costs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.batches import IGNORE, PADDING, WAYS, PackedBatch, pack
from core.corpus import FOUR, Tokenizer, clean_text, first_documents, samples, split_documents
from core.export.lesson import DocumentsSpec
from core.lab.cluster import LabError
from core.lessons.pack_documents.rows import rows_html
from core.measure.comparison import Estimate, ratio_of
from core.measure.reports import Leak, PackingReport, StepTimes
from core.model import GPTConfig
from core.settings.declared import PACKING_WAYS
from core.settings.limits import MODEL_SIZES
from core.ui.charts import draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.lab import cached_corpus, server
from core.ui.page import say
from core.ui.texts import paste_box, pasted_text

ROWS_PER_PAGE = 8
TIMES = "_packing_times"
FIRST_ROUNDS, MORE_ROUNDS = 8, 40
NAMED_SHARE = 0.05  # of the row: a shorter document has no name in the picture
number = charts.format_significant


@dataclass(frozen=True)
class Packing:
    """The documents at hand as token ids, and the model that is to read them."""

    documents: tuple[str, ...]
    num_found: int  # in the text, of which these are the first
    tokenizer: Tokenizer
    ids: tuple[np.ndarray, ...]  # (N,) each
    config: GPTConfig
    seed: int
    device: str

    @property
    def row_length(self) -> int:
        return self.config.block_size

    @property
    def key(self) -> tuple:
        return self.documents, self.tokenizer.name, self.config, self.seed, self.device


def choose_documents(choices: Choices) -> None:
    if choices.documents == "pasted":
        paste_box()
        st.caption("Documents stand apart by blank lines; or by lines of ---, where there are any.")


def current_packing(choices: Choices) -> Packing:
    """The documents and the model of the choices. Raises ValueError, with a sentence, where they cannot be packed."""
    name = choices.documents
    text = FOUR if name == "four" else pasted_text() if name == "pasted" else samples()[name].text
    found = split_documents(clean_text(text)[0])
    documents = first_documents(found)
    tokenizer = cached_corpus("\n".join(documents), choices.tokenizer, 0.0).tokenizer
    layers, heads, channels = MODEL_SIZES[choices.packing_model]
    config = GPTConfig(
        vocab_size=tokenizer.vocab_size,
        block_size=choices.row_length,
        n_layer=layers,
        n_head=heads,
        n_embd=channels,
    )
    ids = tuple(tokenizer.encode(document) for document in documents)
    return Packing(documents, len(found), tokenizer, ids, config, choices.seed, choices.device)


def current_documents(choices: Choices, text: str = "") -> DocumentsSpec:
    """The same, to be taken away."""
    packing = current_packing(choices)
    tokens = tuple(packing.tokenizer.show(i) for i in range(packing.tokenizer.vocab_size))
    return DocumentsSpec(documents=packing.ids, tokens=tokens, gpt_config=packing.config)


@st.cache_resource(max_entries=6, show_spinner=False)
def batches_of(documents: tuple[str, ...], _ids: tuple[np.ndarray, ...], tokenizer: str, row_length: int):
    """The documents packed in every way."""
    return {way: pack(_ids, row_length, way) for way in WAYS}


def pack_all(packing: Packing) -> dict[str, PackedBatch]:
    return batches_of(packing.documents, packing.ids, packing.tokenizer.name, packing.row_length)


# ---- the three ways


def show_documents(packing: Packing) -> None:
    lengths = [len(ids) for ids in packing.ids]
    more = f" (the first of the {packing.num_found:,} that the text has)" if packing.num_found > len(lengths) else ""
    st.markdown(
        f"**{charts.counted(len(lengths), 'document')}** of {min(lengths):,} to {max(lengths):,} tokens{more}, "
        f"{sum(lengths):,} in all."
    )


def show_ways(batches: dict[str, PackedBatch]) -> None:
    rows = {
        PACKING_WAYS[way]: (
            f"{batch.ids.shape[0]:,} × {batch.ids.shape[1]:,}",
            f"{batch.num_slots:,}",
            f"{batch.num_tokens:,}",
            f"{100 * batch.waste:.1f}%",
            f"{batch.documents_cut:,}",
            f"{batch.tokens_cropped:,}",
            f"{batch.num_targets:,}",
        )
        for way, batch in batches.items()
    }
    columns = ["rows × slots", "slots", "real tokens", "waste", "documents cut", "tokens cropped", "targets"]
    st.table(pd.DataFrame.from_dict(rows, "index", columns=columns))


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
    """One of the rows whose documents were held against each other; the first row where there are none."""
    shared = [leak.row for leak in report.leaks] or [0]
    if choices.packed_row not in shared:
        choices.set(packed_row=shared[0])
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
    with st.expander("The chart in numbers"):
        st.markdown(sentence)


def mask_tables(batch: PackedBatch, row: int, masked: bool) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    slots = np.flatnonzero(batch.segments[row] != PADDING)
    starts = slots - batch.positions[row, slots]  # of each slot's document
    looks = [(q, first, q, charts.OWN) for q, first in zip(slots.tolist(), starts.tolist(), strict=True)]
    if not masked:
        looks += [(q, 0, first - 1, charts.OTHERS) for q, first, *_ in looks if first]
    edges = np.unique(starts)[1:]
    ends = [*edges.tolist(), len(slots)]
    named = [
        ((first + end) / 2, f"document {piece.document}")
        for piece, first, end in zip(batch.plan[row], [0, *ends], ends, strict=False)
        if end - first >= NAMED_SHARE * batch.ids.shape[1]
    ]
    return (
        pd.DataFrame(looks, columns=["query", "first", "last", "kind"]),
        pd.DataFrame({"slot": edges}),
        pd.DataFrame(named, columns=["middle", "label"]),
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


# ---- proofs


def proof_of(packing: Packing) -> PackingReport:
    """What a model says that was trained on the documents for a moment. Raises ValueError or LabError."""
    return proven(*packing.key, packing.ids)


@st.cache_data(max_entries=100, show_spinner="Training a small model for a moment …")
def proven(documents, tokenizer: str, config: GPTConfig, seed: int, device: str, _ids) -> PackingReport:
    return server().lab.call("core.calls.packing:prove", list(_ids), config, seed, device)


def show_leak(report: PackingReport, row: int, masked: bool) -> Leak | None:
    """What an edit of the row's first document does to the loss of its second, with the mask and without."""
    leak = next((leak for leak in report.leaks if leak.row == row), None)
    if leak is None:
        st.info("No row holds two documents with something to predict here, so nothing can leak: use longer rows.")
        return None
    st.markdown(
        f"**Every token of document {leak.first} is replaced by another.** How far does that move the loss of document "
        f"{leak.second}, behind it in the row, in nats per token?"
    )
    with_mask, without = st.columns(2)
    for column, name, chosen, before, after in (
        (with_mask, "Attention: own document", masked, leak.masked, leak.masked_after),
        (without, "Attention: whole row", not masked, leak.unmasked, leak.unmasked_after),
    ):
        with column.container(border=chosen):
            moved = "exactly 0" if after == before else charts.format_loss(after - before, "+")
            st.metric(name, moved)
            st.caption(f"{charts.format_loss(before)} → {charts.format_loss(after)}")
    one = "exactly 0" if leak.masked_moved == 0 else charts.format_tiny(leak.masked_moved)
    st.caption(
        f"The token whose loss moved most: {one} with the mask, {number(leak.unmasked_moved)} nats without. The model "
        f"({charts.counted(report.num_steps, 'step')} on these documents, packed, with the mask) came from "
        f"{number(report.first_loss)} to {number(report.loss)} nats per token."
    )
    return leak


def show_equality(report: PackingReport) -> None:
    left, middle, right = st.columns(3)
    left.metric("Packed against alone", charts.format_tiny(report.largest_difference))
    middle.metric("Positions run on", number(report.running_difference))
    same = np.isfinite(report.gradient_difference)
    right.metric("Gradients", charts.format_tiny(report.gradient_difference) if same else "none")
    why = (
        "as a share of its length; what is left of it is the rounding of float32"
        if same
        else "which cannot be compared here, because padding crops a document"
    )
    st.caption(
        f"{charts.counted(report.num_documents, 'document')}, those that share a row, with the mask, each in its row "
        f"and each alone: the largest difference of a logit (the largest logit is {number(report.largest_logit)}); the "
        f"same where positions run on through the row. And the difference of the gradients, padded against packed, "
        f"{why}."
    )


# ---- what padding costs


@st.fragment
def show_speed(packing: Packing) -> None:
    """Padded against packed updates, in turn; some rounds at once, more on request."""
    more = st.button(f"Time {MORE_ROUNDS} more rounds", icon=":material/timer:", key="packing_more")
    known = taken_times(packing)
    try:
        times = take_rounds(packing, len(known.seconds) + MORE_ROUNDS if known and more else FIRST_ROUNDS)
    except (ValueError, LabError) as error:
        say(error)
        return
    show_times(times)


def take_rounds(packing: Packing, rounds: int) -> StepTimes:
    """The rounds that this session has taken of these documents, made up to so many."""
    times = taken_times(packing)
    seconds = list(times.seconds) if times else []
    bar = st.empty()
    while len(seconds) < rounds:
        few = rounds - len(seconds)
        times = server().lab.call(
            "core.calls.packing:time_steps", list(packing.ids), packing.config, packing.seed, packing.device, few
        )
        seconds += times.seconds
        bar.progress(min(1.0, len(seconds) / rounds), text=f"{len(seconds)} of {rounds} rounds timed …")
    bar.empty()
    times = StepTimes(times.device, times.num_documents, times.num_slots, times.num_tokens, tuple(seconds))
    st.session_state[TIMES] = packing.key, times
    return times


def taken_times(packing: Packing) -> StepTimes | None:
    known_key, times = st.session_state.get(TIMES, (None, None))
    return times if known_key == packing.key else None


def gain_of(times: StepTimes) -> tuple[np.ndarray, Estimate]:
    """(speeds (2,), gain): real tokens a second, padded and packed; and their ratio, paired over the rounds."""
    speeds = np.array(times.num_tokens) / np.array(times.seconds)  # (rounds, 2)
    return np.exp(np.log(speeds).mean(axis=0)), ratio_of(speeds[:, 1], speeds[:, 0])


def show_times(times: StepTimes) -> None:
    speeds, gain = gain_of(times)
    padded, packed, ratio = st.columns(3)
    padded.metric("Padded: real tokens a second", charts.format_count(speeds[0]))
    packed.metric("Packed: real tokens a second", charts.format_count(speeds[1]))
    ratio.metric("Packed over padded", f"× {number(gain.value)}", help="Below 1, packing is slower.")
    word = "" if gain.above(1) or gain.below(1) else " It holds 1: whether packing is faster cannot be told here."
    if gain.below(1):
        word = " Packing is slower here."
    slots = times.num_tokens[1] / times.num_slots[1] / (times.num_tokens[0] / times.num_slots[0])
    st.caption(
        f"95% t interval of the ratio over {len(times.seconds)} rounds: {number(gain.low)} to {number(gain.high)}."
        f"{word} An update from {charts.counted(times.num_documents, 'document')}: {times.num_slots[0]:,} slots padded "
        f"({times.num_tokens[0]:,} real), {times.num_slots[1]:,} packed ({times.num_tokens[1]:,} real); if time went "
        f"by the slot, the ratio would be {number(slots)}. On {times.device}."
    )
