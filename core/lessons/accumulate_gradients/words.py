"""What accumulation does, and what goes wrong with it, in sentences: what theory says, and what was measured."""

import math

from core import charts
from core.experiments.step_cost.results import StepCostResults
from core.measure.comparison import ratio_of
from core.measure.reports import AccumulationReport, MistakeReport
from core.strategies import CLIP_EACH, LOG_LAST, MEAN_OF_MEANS, NO_DIVISION, STEP_EACH, token_weights
from core.ui.sentences import interval

FEWEST_LOGGED = 16  # batches whose losses tell a spread
number = charts.format_significant


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


def split_lines(cost: StepCostResults) -> list[str]:
    """What each split takes, beside the whole batch in one pass."""
    size, taken, kept = cost.spec.split_size, cost.by_micro_batch(), cost.activation_bytes
    lines = []
    for m in cost.spec.micro_batch_sizes if len(taken.get(size, ())) > 1 else ():
        ratio, share = ratio_of(taken[m], taken[size]), kept[m] / kept[size]
        lines.append(
            f"{size // m} micro-batches of {m}: {number(ratio.value)} times the time of one go (95% t interval over "
            f"rounds {interval(ratio)}), {100 * share:.3g}% of its activations."
        )
    return lines or ["Nothing measured yet."]
