"""Why there are batches at all: three reasons, each with its measured number."""

import math
from dataclasses import dataclass

import numpy as np

from core import charts
from core.experiments.noise.results import NoiseResults
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
    measured: str  # the name of the offer that it was measured by


def reasons_of(speed: StepCostResults, noise: NoiseResults) -> list[Reason]:
    return [speed_reason(speed), memory_reason(speed), gradient_reason(noise)]


def speed_reason(found: StepCostResults) -> Reason:
    speeds = {b: each for b, each in found.windows_a_second().items() if len(each) >= FEWEST_ROUNDS}
    if len(speeds) < 2:
        return Reason("Speed", charts.NOT_MEASURED, "The first rounds are under way.", "speed")
    small, large = min(speeds), largest(speeds)
    gain = ratio_of(speeds[large], speeds[small])
    T = found.spec.race.block_size
    fast, slow = (charts.format_count(T * float(np.exp(np.log(speeds[b]).mean()))) for b in (large, small))
    return Reason(
        "Speed",
        f"{number(gain.value)} times as fast",
        f"{counted_windows(large).capitalize()} at once: {fast} tokens a second. {counted_windows(small).capitalize()} "
        f"at a time: {slow}. Their ratio has the 95% interval {interval(gain)}.",
        "speed",
    )


def memory_reason(found: StepCostResults) -> Reason:
    line, kept = found.line(), found.activation_bytes
    if line is None:
        return Reason("Memory", charts.NOT_MEASURED, "Nothing has been counted yet.", "speed")
    size = largest(kept)
    return Reason(
        "Memory",
        f"{charts.format_bytes(line[1])} a window",
        f"A window takes that much until its gradient is known, and {counted_windows(size)} take "
        f"{charts.format_bytes(kept[size])}. The windows of a whole text would not fit at once.",
        "speed",
    )


def gradient_reason(found: NoiseResults) -> Reason:
    """At the last step that was measured: how far a batch's gradient is from the whole text's, as a share of that."""
    steps = [step for step in found.scales if len(found.spread_table(step, "gradient")) > 1]
    if not steps:
        return Reason("Gradient", charts.NOT_MEASURED, "The first batches are being drawn.", "noise")
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
        "noise",
    )


def largest(sizes) -> int:
    """The batch size that one window is compared with, or the next smaller one that was measured."""
    return max((size for size in sizes if size <= LARGE), default=max(sizes))


def counted_windows(count: int) -> str:
    return "one window" if count == 1 else f"{count:,} windows"
