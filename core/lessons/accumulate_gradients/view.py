"""Gradient accumulation on a page: one go beside its micro-batches, the mistakes, what a split costs."""

import math

import pandas as pd
import streamlit as st

from core import charts
from core.experiments.cost.results import CostResults
from core.measure.comparison import ratio_of
from core.measure.reports import AccumulationReport, MistakeReport
from core.strategies import CLIP_EACH, LOG_LAST, MEAN_OF_MEANS, NO_DIVISION, STEP_EACH, token_weights
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.page import plain
from core.ui.plots.step import draw_layers
from core.ui.plots.step_cost import show_memory, show_splits
from core.ui.sentences import model_size
from core.ui.steps import Step

SHOWN_PARTS = 64  # rows of the table
FEWEST_LOGGED = 16  # batches whose losses tell a spread
number = charts.format_significant


def show_proof(choices: Choices, step: Step) -> AccumulationReport:
    """The gradient in one go and accumulated, and how far they are apart."""
    found: AccumulationReport = step.ask("accumulation", choices.micro_batch_size, choices.targets)
    one, other, apart = st.columns(3)
    one.metric("Length of the gradient, in one go", number(found.norm))
    other.metric("Difference to the accumulated one", charts.format_tiny(found.difference))
    apart.metric("Largest difference of one weight", charts.format_tiny(found.largest_difference))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**The two gradients, layer by layer**: the marks lie on each other.")
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
    if name == LOG_LAST:
        st.markdown(log_sentence(found))
        return
    wrong = found.mistakes[name]
    says = {
        NO_DIVISION: no_division_sentence,
        MEAN_OF_MEANS: mean_of_means_sentence,
        STEP_EACH: step_each_sentence,
        CLIP_EACH: clip_each_sentence,
    }
    st.markdown(says[name](found, wrong))
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


def no_division_sentence(found: AccumulationReport, wrong: MistakeReport) -> str:
    K, counts = len(found.parts), {part.num_targets for part in found.parts}
    theory = f"**{K} times**, the number of parts" if len(counts) == 1 else f"about {K} times"
    clipped = (
        f"Both are longer than {found.clip:g} and are clipped to it, which hides the mistake; with SGD and no clipping "
        "the learning rate would have been multiplied."
        if found.clip and min(found.norm, wrong.norm) > found.clip
        else "AdamW divides by the gradient's usual size, so it forgives a factor that is always the same, but not "
        "one that begins now, and clipping bites sooner."
    )
    return (
        f"The sum of {K} means is too long: theory says {theory}; measured: "
        f"**{number(wrong.norm / found.norm)} times**. {clipped}"
    )


def mean_of_means_sentence(found: AccumulationReport, wrong: MistakeReport) -> str:
    targets = [part.num_targets for part in found.parts]
    weights = token_weights(targets)
    if len(set(targets)) == 1:
        return (
            f"Every part has {targets[0]} targets, so a mean of means is the mean: the difference is "
            f"{charts.format_tiny(wrong.difference)}. Choose uneven targets and look again."
        )
    return (
        f"The parts have {min(targets)} to {max(targets)} targets. A token of the shortest then weighs "
        f"**{number(max(weights) / min(weights))} times** as much as one of the longest (theory: {max(targets)} / "
        f"{min(targets)}). Measured: the gradient is off by **{number(100 * wrong.difference)}%** of its length."
    )


def step_each_sentence(found: AccumulationReport, wrong: MistakeReport) -> str:
    return (
        f"That is training with small batches: **{wrong.num_updates} updates** instead of one, each from a noisier "
        f"gradient. The weights move {number(wrong.moved / found.moved)} times as far."
    )


def clip_each_sentence(found: AccumulationReport, wrong: MistakeReport) -> str:
    if not found.clip:
        return "This run clips nothing."
    long = sum(part.norm > found.clip for part in found.parts)
    where = "points elsewhere" if round(wrong.cosine, 4) < 1 else "points the same way"
    return (
        f"{long} of {len(found.parts)} parts have a gradient longer than {found.clip:g} and are cut. Small parts are "
        f"noisier and so longer than their mean: the sum is {number(wrong.norm)} long instead of "
        f"{number(min(found.norm, found.clip))}, and {where} (cosine {wrong.cosine:.4f})."
    )


def log_sentence(found: AccumulationReport) -> str:
    if len(found.parts) == 1:
        return "With one part, its loss is the batch's: nothing is lost. Take more parts and look again."
    K = sum(part.num_windows for part in found.parts) / found.parts[-1].num_windows
    said = (
        f"The batch's loss is {found.loss:.3f}, the last part's {found.parts[-1].loss:.3f}. Training is unharmed, but "
        f"the curve looks noisier than it is: by theory its spread is √{number(K)} = {number(math.sqrt(K))} times that "
        "of the batch's loss, where every part has as many targets. Measured "
    )
    if found.num_logged < FEWEST_LOGGED:
        return f"{said}it is not: in a moment only {found.num_logged} batches as large as this can be looked at."
    # each spread errs by 1 / sqrt(2 (n - 1)); they share a K-th of their variance
    error = 2 * math.sqrt((1 - 1 / K) / (found.num_logged - 1))
    ratio = number(found.last_spread / found.whole_spread)
    return (
        f"{said}over {found.num_logged} batches at these weights: **{ratio} times** (95%: ± about {100 * error:.0f}%)."
    )


# ---- what a split costs


def draw_splits(view: View) -> None:
    """Time and memory of each split."""
    cost: CostResults = view.results
    race = cost.spec.race
    st.caption(f"Measured with B = {cost.spec.largest}, T = {race.block_size}; {model_size(race)}.")
    left, right = st.columns(2, gap="medium")
    with left:
        said = show_splits(view)
    with right:
        said += show_memory(view, by="micro-batch size")
    st.markdown("\n".join(f"- {plain(line)}" for line in split_lines(cost)))
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence) for sentence in said))


def split_lines(cost: CostResults) -> list[str]:
    """What each split takes, beside one go."""
    large, lines = cost.spec.largest, []
    for m in cost.spec.micro_batch_sizes:
        if min(map(len, cost.rounds_of((large, m), (large, large)))) < 2 or m not in cost.activation_bytes:
            continue
        ratio = ratio_of(*cost.rounds_of((large, m), (large, large)))
        share = cost.activation_bytes[m] / cost.activation_bytes[large]
        lines.append(
            f"{large // m} micro-batches of {m}: {number(ratio.value)} times the time of one go (95% t interval over "
            f"rounds {number(ratio.low)} to {number(ratio.high)}), {100 * share:.3g}% of its activations."
        )
    return lines or ["Nothing measured yet."]
