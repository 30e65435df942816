"""What accumulation saves and costs, and what goes wrong with it, in sentences: theory, and what was measured."""

import math

import numpy as np

from core import charts
from core.experiments.step_cost.results import StepCostResults
from core.measure.comparison import ratio_of
from core.measure.reports import AccumulationReport, MistakeReport
from core.strategies import CLIP_EACH, LOG_LAST, MEAN_OF_MEANS, NO_DIVISION, STEP_EACH, token_weights
from core.ui.sentences import interval, model_size

FEWEST_LOGGED = 16  # batches whose losses show a spread
ROUNDING = 1e-4  # a difference below this share is what float32 leaves between two ways of adding up
number = charts.format_significant


# ---- the answer


def answer_sentence(cost: StepCostResults, micro_batch_size: int, found: AccumulationReport | None) -> str:
    """What micro-batches of that size save and cost; and, once the worker has it, whether the gradient is the same."""
    parts = [cost_sentence(cost, micro_batch_size), gradient_sentence(found) if found else ""]
    return " ".join(filter(None, parts))


def cost_sentence(cost: StepCostResults, micro_batch_size: int) -> str:
    """Memory and time of the batch in micro-batches of that size, and of the same batch in one pass."""
    size, m, taken, kept = cost.spec.split_size, micro_batch_size, cost.by_micro_batch(), cost.activation_bytes
    measured = {m, size} <= kept.keys() and min(len(taken.get(m, ())), len(taken.get(size, ()))) > 1
    if not measured or m == size:
        return f"The memory and the time of micro-batches of {m} are not measured yet at this setting."
    state, ratio = sum(cost.state_bytes.values()), ratio_of(taken[m], taken[size])
    held, whole = (charts.format_bytes(state + kept[b]) for b in (m, size))
    close = ", too close to 1 to call" if ratio.contains(1) else ""
    return (
        f"**B = {size} in micro-batches of {m} holds {held} instead of {whole}**, and takes "
        f"**{number(ratio.value)} times** as long (95% interval {interval(ratio)}{close})."
    )


def gradient_sentence(found: AccumulationReport) -> str:
    """Whether the accumulated gradient is that of one pass."""
    K, B = len(found.parts), sum(part.num_windows for part in found.parts)
    if K == 1:
        return f"The one micro-batch is the whole batch of {charts.counted(B, 'window')}: there is nothing to add up."
    apart = f"differs from the gradient of one pass by {charts.format_tiny(found.difference)} of its length"
    rounding = ": float32 rounding" if found.difference < ROUNDING else ""
    return f"The sum of its {K} gradients {apart}{rounding}."


# ---- the mistakes


def mistake_sentence(name: str, found: AccumulationReport) -> str:
    """What a mistake does, what theory says of it, and what was measured."""
    if name == LOG_LAST:
        return log_sentence(found)
    sentences = {
        NO_DIVISION: no_division_sentence,
        MEAN_OF_MEANS: mean_of_means_sentence,
        STEP_EACH: step_each_sentence,
        CLIP_EACH: clip_each_sentence,
    }
    return sentences[name](found, found.mistakes[name])


def no_division_sentence(found: AccumulationReport, wrong: MistakeReport) -> str:
    K, counts = len(found.parts), {part.num_targets for part in found.parts}
    theory = f"**{K} times**, the number of parts" if len(counts) == 1 else f"about {K} times"
    clipped = (
        f"Both are longer than {found.clip:g} and are clipped to it, which hides the mistake; with SGD and no clipping "
        "the learning rate would have been multiplied."
        if found.clip and min(found.norm, wrong.norm) > found.clip
        else "AdamW divides by the gradient's usual size, so a constant factor does no harm, but a "
        "factor that starts now does, and clipping sets in earlier."
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
            f"{charts.format_tiny(wrong.difference)}. Choose uneven targets (in the settings) and look again."
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
        f"{long} of {len(found.parts)} parts have a gradient longer than {found.clip:g} and are clipped. Small parts "
        f"are noisier and so longer than their mean: the sum is {number(wrong.norm)} long instead of "
        f"{number(min(found.norm, found.clip))}, and {where} (cosine {wrong.cosine:.4f})."
    )


def log_sentence(found: AccumulationReport) -> str:
    if len(found.parts) == 1:
        return "A single part's loss is the batch's: nothing is lost. Choose more accumulation steps and look again."
    K = sum(part.num_windows for part in found.parts) / found.parts[-1].num_windows
    said = (
        f"The batch's loss is {found.loss:.3f}, the last part's {found.parts[-1].loss:.3f}. Training is unharmed, but "
        f"the curve looks noisier than it is: by theory its spread is √{number(K)} = {number(math.sqrt(K))} times that "
        "of the batch's loss, where every part has as many targets. Measured "
    )
    if found.num_logged < FEWEST_LOGGED:
        return f"{said}it is not: this page has time for only {found.num_logged} batches of this size."
    # each spread errs by 1 / sqrt(2 (n - 1)); they share a K-th of their variance
    error = 2 * math.sqrt((1 - 1 / K) / (found.num_logged - 1))
    ratio = number(found.last_spread / found.whole_spread)
    return (
        f"{said}over {found.num_logged} batches at these weights: **{ratio} times** (95%: ± about {100 * error:.0f}%)."
    )


# ---- what a split costs


def summary_of(cost: StepCostResults) -> str:
    """What was measured, for the case that the choices have changed since."""
    race = cost.spec.race
    return f"Measured with B = {cost.spec.split_size}, T = {race.block_size}; {model_size(race)}."


def numbers_of(cost: StepCostResults, micro_batch_size: int) -> dict[str, str]:
    """What the charts show of one split, as a row of a table."""
    size, taken, kept = cost.spec.split_size, cost.by_micro_batch(), cost.activation_bytes
    m, memory, share, seconds, times = (micro_batch_size, *4 * [charts.NOT_MEASURED])
    if {m, size} <= kept.keys():
        memory = charts.format_bytes(sum(cost.state_bytes.values()) + kept[m])
        share = f"{100 * kept[m] / kept[size]:.3g}%"
    if min(len(taken.get(m, ())), len(taken.get(size, ()))) > 1:
        ratio = ratio_of(taken[m], taken[size])
        seconds = charts.format_seconds(ratio_of(taken[m], np.ones(len(taken[m]))).value)
        times = f"{number(ratio.value)} ({interval(ratio)})" if m != size else "1"
    return {
        "micro-batch": f"{m}",
        "micro-batches": f"{size // m}",
        "memory": memory,
        "activations, of one pass's": share,
        "time of an update": seconds,
        "times one pass's (95% t interval)": times,
    }
