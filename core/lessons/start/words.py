"""Why there are batches at all, each reason with its measured number; and what the picture shows."""

import math
from dataclasses import dataclass

import numpy as np

from core import charts
from core.experiments.noise.results import NoiseResults
from core.experiments.race.results import RaceResults
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.spec import FEWEST_ROUNDS
from core.measure.comparison import ratio_of
from core.measure.estimate import Estimate
from core.ui.sentences import between, interval

number = charts.format_significant
LARGE = 64  # windows: the batch that one window is compared with


@dataclass(frozen=True)
class Reason:
    """One reason for batches: a number, and the sentence that it stands in."""

    name: str
    figure: str
    sentence: str


def speed_reason(found: StepCostResults) -> Reason:
    speeds = {b: each for b, each in found.windows_a_second().items() if len(each) >= FEWEST_ROUNDS}
    if len(speeds) < 2:
        return Reason("Speed", charts.NOT_MEASURED, "The first rounds are under way.")
    small, large = min(speeds), largest(speeds)
    gain = ratio_of(speeds[large], speeds[small])
    T = found.spec.race.block_size
    fast, slow = (charts.format_count(T * float(np.exp(np.log(speeds[b]).mean()))) for b in (large, small))
    return Reason(
        "Speed",
        f"{number(gain.value)} times as fast",
        f"{counted_windows(large).capitalize()} at once: {fast} tokens a second. {counted_windows(small).capitalize()} "
        f"at a time: {slow}. Their ratio has the 95% interval {interval(gain)}.",
    )


def memory_reason(found: StepCostResults) -> Reason:
    line, kept = found.line(), found.activation_bytes
    if line is None:
        return Reason("Memory", charts.NOT_MEASURED, "Nothing has been counted yet.")
    size = largest(kept)
    return Reason(
        "Memory",
        f"{charts.format_bytes(line[1])} a window",
        f"A window takes that much until its gradient is known, and {counted_windows(size)} take "
        f"{charts.format_bytes(kept[size])}. The windows of a whole text would not fit at once.",
    )


def gradient_reason(found: NoiseResults) -> Reason:
    """At the last step that was measured: how far a batch's gradient is from the whole text's, as a share of that."""
    steps = [step for step in found.scales if len(found.spread_table(step, "gradient")) > 1]
    if not steps:
        return Reason("Gradient", charts.NOT_MEASURED, "The first batches are being drawn.")
    step = max(steps)
    spread = found.spread_table(step, "gradient").set_index("batch_size")
    length = math.sqrt(found.scales[step].whole_grad_sq_norm)
    small, large = min(spread.index), largest(spread.index)
    few, many = (Estimate(*(spread.loc[b, ["sigma", "low", "high"]] / length).tolist()) for b in (small, large))
    ratio = few.times(many.inverse)  # batches of each size were drawn by themselves
    return Reason(
        "Gradient",
        f"{number(ratio.value)} times smoother",
        f"At step {step:,} the gradient from {counted_windows(small)} is off by {between(few)} times the true one's "
        f"length, from {counted_windows(large)} by {between(many)}. Their ratio has the 95% interval "
        f"{interval(ratio)}.",
    )


def largest(sizes) -> int:
    """The batch size that one window is compared with, or the next smaller one that was measured."""
    return max((size for size in sizes if size <= LARGE), default=max(sizes))


def counted_windows(count: int) -> str:
    return "one window" if count == 1 else f"{count:,} windows"


def source_sentence(notes: list[str]) -> str:
    """Where the numbers come from: the notes of the recordings among them, empty for the visitor's own."""
    recorded = [note for note in notes if note]
    if not recorded:
        return "All three numbers are from your own measurements."
    which = "" if len(recorded) == len(notes) else "Those that are not yours: "
    return f"{which}Measured by this app, {'; '.join(dict.fromkeys(recorded))}. Your own measurements replace them."


# ---- the picture


def picture_sentence(results: RaceResults, small: int, large: int, note: str) -> str:
    """What is to be seen in the two panels."""
    jumps = [results.noise[size].estimate for size in (small, large) if size in results.noise]
    if len(jumps) < 2:
        return f"Two runs on the same text ({note})."
    ratio = jumps[0].times(jumps[1].inverse)
    return (
        f"Two runs on the same text. With {small} windows in a batch the loss jumps **{number(ratio.value)} times** as "
        f"far from step to step as with {large} (95% interval {interval(ratio)}). In colour: every step. Thick line: "
        f"running mean. This race was {note}."
    )
