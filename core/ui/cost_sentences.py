"""What a batch costs, in sentences that several lessons say: the knee, the largest batch that fits, the way to a
target."""

import numpy as np

from core import charts
from core.experiments.step_cost.offers import MEGABYTE
from core.experiments.step_cost.results import StepCostResults
from core.measure.estimate import Estimate
from core.measure.step_time import StepTimeFit
from core.measure.targets import is_resolved
from core.measure.time_to_target import Soonest
from core.ui.sentences import interval, with_interval

number = charts.format_significant


def knee_line(found: StepCostResults, fit: StepTimeFit | None) -> str:
    if fit is None:
        return (
            "**The knee**: not resolved. Within these batch sizes a step's fixed part cannot be told from the part "
            "that grows."
        )
    if not is_resolved(fit.knee):
        return (
            f"**The knee**: not resolved (95% interval {interval(fit.knee)} windows): the "
            "times do not lie near enough to one line."
        )
    largest = max(found.one_pass)
    if fit.knee.value > largest:
        return (
            f"**The knee**: not resolved. On one line through these times it would lie beyond B = {largest:,}, the "
            f"largest batch measured. A step takes {milliseconds(fit.step_seconds)} however small the batch."
        )
    off = f"{number(100 * np.expm1(fit.residual))}%"
    bent = (
        f" The points lie off the line by up to {off}, more than the timings err: it is not quite one line, and "
        "another bound would give a somewhat other knee."
        if fit.residual > 3 * found.timing_error()
        else ""
    )
    return (
        f"{knee_head(fit)} At the knee both weigh the same, and half of the windows a second that the line allows are "
        f"reached; ten times as far, ten elevenths. The intervals come from how far the points lie off the line.{bent}"
    )


def knee_head(fit: StepTimeFit) -> str:
    """Of a knee that is resolved, and lies within the batch sizes that were measured."""
    return (
        f"**Read as one line, the knee lies at B = {with_interval(fit.knee)}.** A step takes "
        f"{milliseconds(fit.step_seconds)} whatever the batch, and {milliseconds(fit.window_seconds)} for each window."
    )


def largest_line(found: StepCostResults) -> str:
    budget, answer = charts.format_bytes(found.spec.budget_bytes or 0), found.largest
    if not answer:
        return f"**The largest batch that fits into {budget}**: not known yet."
    if answer.batch_size is None:
        return f"**The largest batch that fits into {budget}**: none known, {answer.why_not}."
    size, only = answer.batch_size, "Tensors only: the program, torch and its libraries come on top."
    predicted = f"the line says {exact_megabytes(answer.predicted or 0)}"
    if answer.why_not:
        return f"**Into {budget} fits B = {size:,}**, expected: {predicted}. Not confirmed: {answer.why_not}. {only}"
    measured, beyond = (exact_megabytes(size or 0) for size in (answer.measured, answer.measured_next))
    return (
        f"**Into {budget} fits B = {size:,}**, tried: a step held {measured} at its worst moment ({predicted}), and "
        f"with one window more {beyond}. {only}"
    )


def exact_megabytes(num_bytes: float) -> str:
    """Four figures: the question is which side of a bound it lies on."""
    return f"{num_bytes / MEGABYTE:,.4g} MB"


def soonest_line(found: Soonest | None) -> str:
    """Which batch size is first, and which ones cannot be told from it."""
    if found is None:
        return "Too few batch sizes have both: steps to the target, and a time."
    if found.num_seeds < 2:
        return "The sweep has one seed: which batch is first is not resolved."
    first = f"**B = {found.batch_size} is there first**, after {charts.format_seconds(found.seconds)}"
    if found.rivals:
        return f"{first}; but these seeds cannot tell it from {sizes_named(found.rivals)}."
    return f"{first}; B = {found.second}, the next one, takes {between(found.behind)} times as long."


def sizes_named(sizes: tuple[int, ...]) -> str:
    return " and ".join(f"B = {size:,}" for size in sizes)


def milliseconds(seconds: Estimate) -> str:
    return f"{with_interval(seconds.scaled(1e3))} ms"


def between(estimate: Estimate) -> str:
    """A number with its interval, 3.52 (3.41 to 3.63)."""
    return f"{number(estimate.value)} ({interval(estimate)})"
