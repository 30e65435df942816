"""Gradient accumulation on a page: what a split holds and takes, the two gradients, the mistakes."""

import math

import pandas as pd
import streamlit as st

from core import charts
from core.experiments.step_cost.results import StepCostResults
from core.lessons.accumulate_gradients.words import mistake_sentence, numbers_of, summary_of
from core.measure.reports import AccumulationReport
from core.strategies import token_weights
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.glossary import explain
from core.ui.page import folded, plain
from core.ui.plots.step import draw_layers
from core.ui.plots.step_cost import draw_memory
from core.ui.points import draw_points
from core.ui.settings import choose_device, choose_text_and_model

SHOWN_PARTS = 64  # rows of the table
HEIGHT = 220
COSINE_HELP = explain("cosine")
number = charts.format_significant


def choose_parts(choices: Choices) -> None:
    micro, steps = st.columns(2)
    choices.number("micro_batch_size", "Micro-batch size", where=micro)
    choices.number("accumulation_steps", where=steps)


def choose_batch(choices: Choices) -> None:
    """All settings but the two that make the batch."""
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    with right:
        choices.select("targets")
        choices.number("step", "At step")
        choices.number("seed", "Seed")
        choose_device(choices)


# ---- what a split costs


def draw_splits(view: View) -> None:
    """Memory and time of the same batch in micro-batches of several sizes."""
    cost: StepCostResults = view.results
    size, sizes = cost.spec.split_size, cost.spec.batch_sizes
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("What a step holds in memory", anchor=False, help=MEMORY_HELP)
        lasting = {b: {**cost.state_bytes, "activations": kept} for b, kept in cost.activation_bytes.items()}
        x_title = "micro-batch size (windows)"
        draw_memory(lasting, sizes, "split_memory", view.live, "micro-batch size", x_title=x_title, height=HEIGHT)
    with right:
        st.subheader(f"Time of one update from {size:,} windows", anchor=False)
        known = {m: seconds for m, seconds in cost.by_micro_batch().items() if len(seconds) > 1}
        title = "seconds of one update"
        draw_points(known, sizes, "split_seconds", title, view.live, x_title=x_title, height=HEIGHT)
    with folded("The charts in numbers", "split_numbers") as shown:
        if shown:
            st.table(pd.DataFrame([numbers_of(cost, m) for m in sizes]).set_index("micro-batch"))
            st.caption(plain(summary_of(cost)))


MEMORY_HELP = explain(
    "activations",
    here="Weights, gradients and AdamW's averages are there in any case; the activations of one micro-batch are kept "
    "for its backward pass. What is there only for a moment is left out.",
)


# ---- the two gradients


def show_proof(found: AccumulationReport) -> None:
    """The gradient in one pass and accumulated, and how far they are apart."""
    left, right = st.columns([1.6, 1], gap="medium")
    with left:
        layers = {"in one pass": found.layer_norms, "accumulated": found.accumulated_layer_norms}
        draw_layers(layers, "length of the gradient", "accumulated_layers", "Length of the gradient by layer")
    with right:
        share = "As a share of the gradient's length."
        st.metric("Length of the gradient, in one pass", number(found.norm))
        st.metric("Difference from the accumulated one", charts.format_tiny(found.difference), help=share)
        st.metric("Largest difference of one weight", charts.format_tiny(found.largest_difference), help=share)
    with folded("The micro-batches, one by one", "accumulated_parts") as shown:
        if shown:
            st.markdown(
                "Each has its own loss and gradient. “cosine”: of its gradient with the batch's. “weighs”: what one of "
                "its tokens weighs in a mean of means.",
                help=COSINE_HELP,
            )
            st.dataframe(parts_table(found), hide_index=True, height=260)


def parts_table(found: AccumulationReport) -> pd.DataFrame:
    weights = token_weights([part.num_targets for part in found.parts])
    total = sum(part.num_targets for part in found.parts)
    rows = [
        (k, part.num_targets, f"{100 * part.num_targets / total:.1f}%", f"{part.loss:.3f}",
         number(part.norm), f"{part.cosine:.3f}", f"{weight:.2f}")
        for k, (part, weight) in enumerate(zip(found.parts, weights, strict=True), 1)
    ]  # fmt: skip
    columns = ["part", "targets", "share", "loss", "|gradient|", "cosine", "weighs"]
    return pd.DataFrame(rows[:SHOWN_PARTS], columns=columns)


# ---- the mistakes


def show_mistake(name: str, found: AccumulationReport) -> None:
    """What it does, what theory says of it, and what was measured."""
    st.markdown(mistake_sentence(name, found))
    if name not in found.mistakes:
        return  # it leaves the gradient as it is
    wrong = found.mistakes[name]
    rows = {
        "length of the gradient": (number(found.norm), shown(wrong.norm)),
        "cosine with the right one": ("1", shown(wrong.cosine)),
        "difference, as a share of the right one": ("0", shown(wrong.difference)),
        "updates from this batch": ("1", str(wrong.num_updates)),
        "how far AdamW moves the weights": (number(found.moved), number(wrong.moved)),
        "difference of the two moves, as a share": ("0", number(wrong.update_difference)),
    }
    with folded("The mistake in numbers", "accumulation_mistake") as unfolded:
        if unfolded:
            st.table(pd.DataFrame.from_dict(rows, "index", columns=["right", "with the mistake"]))


def shown(value: float) -> str:
    return "several gradients" if math.isnan(value) else number(value)
