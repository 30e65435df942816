"""Gradient accumulation on a page: one pass beside its micro-batches, the mistakes, what a split costs."""

import math

import pandas as pd
import streamlit as st

from core import charts
from core.experiments.step_cost.results import StepCostResults
from core.lessons.accumulate_gradients.words import mistake_sentence, split_lines
from core.measure.reports import AccumulationReport
from core.strategies import token_weights
from core.ui.charts import above_chart
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.page import plain
from core.ui.plots.step import draw_layers
from core.ui.plots.step_cost import show_memory, show_splits
from core.ui.sentences import model_size
from core.ui.steps import Step

SHOWN_PARTS = 64  # rows of the table
number = charts.format_significant


def show_proof(choices: Choices, step: Step) -> AccumulationReport:
    """The gradient in one pass and accumulated, and how far they are apart."""
    found: AccumulationReport = step.ask("accumulation", choices.micro_batch_size, choices.targets)
    one, other, apart = st.columns(3)
    one.metric("Length of the gradient, in one go", number(found.norm))
    other.metric("Difference to the accumulated one", charts.format_tiny(found.difference))
    apart.metric("Largest difference of one weight", charts.format_tiny(found.largest_difference))
    left, right = st.columns(2, gap="medium")
    with left:
        above_chart("**The two gradients, layer by layer**: the marks lie on each other.")
        layers = {"in one go": found.layer_norms, "accumulated": found.accumulated_layer_norms}
        draw_layers(layers, "length of the gradient", "accumulated_layers", "Length of the gradient by layer")
    st.caption("Differences are shares of the gradient's length: what float32 leaves between two ways of adding up.")
    with right:
        st.markdown(
            "**The micro-batches**: each has a loss and a gradient of its own; cosine with the batch's; what a token "
            "of it weighs in a mean of means."
        )
        st.dataframe(parts_table(found), hide_index=True, height=260)
    return found


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
    st.table(pd.DataFrame.from_dict(rows, "index", columns=["right", "with the mistake"]))


def shown(value: float) -> str:
    return "several gradients" if math.isnan(value) else number(value)


# ---- what a split costs


def draw_splits(view: View) -> None:
    """Time and memory of each split."""
    cost: StepCostResults = view.results
    race = cost.spec.race
    st.caption(f"Measured with B = {cost.spec.split_size}, T = {race.block_size}; {model_size(race)}.")
    left, right = st.columns(2, gap="medium")
    with left:
        sentences = show_splits(view)
    with right:
        sentences += show_memory(view, by="micro-batch size")
    st.markdown("\n".join(f"- {plain(line)}" for line in split_lines(cost)))
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence) for sentence in sentences))
