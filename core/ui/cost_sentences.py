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
from core.ui.sentences import between, interval, with_interval

number = charts.format_significant


def knee_line(found: StepCostResults, fit: StepTimeFit | None) -> str:
    if fit is None:
        return (
            "**The knee**: not resolved. Over these batch sizes a step's fixed part cannot be separated from the part "
            "that grows."
        )
    if not is_resolved(fit.knee):
        return (
            f"**The knee**: not resolved (95% interval {interval(fit.knee)} windows): the "
            "times are not close enough to one straight line."
        )
    largest = max(found.one_pass)
    if fit.knee.value > largest:
        return (
            f"**The knee**: not resolved. A straight line through these times puts it beyond B = {largest:,}, the "
            f"largest batch measured. A step takes {milliseconds(fit.step_seconds)} however small the batch."
        )
    off = f"{number(100 * np.expm1(fit.residual))}%"
    bent = (
        f" The points lie off the line by up to {off}, more than the error of the timings: it is not quite one line, "
        "and other batch sizes would give a somewhat different knee."
        if fit.residual > 3 * found.timing_error()
        else ""
    )
    return (
        f"{knee_head(fit)} At the knee the two are equal, and half of the most windows a second that the line allows "
        f"are reached; at ten times the knee, 91%. The intervals come from how far the points lie off the line.{bent}"
    )


def knee_head(fit: StepTimeFit) -> str:
    """Of a knee that is resolved, and lies within the batch sizes that were measured."""
    return (
        f"**Fitting a straight line puts the knee at B = {with_interval(fit.knee)}.** A step takes "
        f"{milliseconds(fit.step_seconds)} whatever the batch, and {milliseconds(fit.window_seconds)} for each window."
    )


def largest_line(found: StepCostResults) -> str:
    budget, answer = charts.format_bytes(found.spec.budget_bytes or 0), found.largest
    if not answer:
        return f"**The largest batch that fits into {budget}**: not known yet."
    if answer.batch_size is None:
        return f"**The largest batch that fits into {budget}**: not known, {answer.why_not}."
    size, only = answer.batch_size, "Tensors only: the program, torch and its libraries need more."
    predicted = f"the line says {exact_megabytes(answer.predicted or 0)}"
    if answer.why_not:
        return f"**B = {size:,} should fit into {budget}**: {predicted}. Not confirmed: {answer.why_not}. {only}"
    measured, beyond = (exact_megabytes(size or 0) for size in (answer.measured, answer.measured_next))
    return (
        f"**B = {size:,} fits into {budget}** (we tried it): a step needs at most {measured} at once ({predicted}), "
        f"and {beyond} with one more window. {only}"
    )


def exact_megabytes(num_bytes: float) -> str:
    """Four figures: the question is which side of a bound it lies on."""
    return f"{num_bytes / MEGABYTE:,.4g} MB"


def soonest_line(found: Soonest | None) -> str:
    """Which batch size reaches the target first, and which ones are too close to it to call."""
    if found is None:
        return "Too few batch sizes have both: steps to the target, and a time."
    if found.num_seeds < 2:
        return "The sweep has one seed: which batch size reaches the target first is not resolved."
    first = f"**B = {found.batch_size} reaches it first**, after {charts.format_seconds(found.seconds)}"
    if found.rivals:
        return f"{first}; too close to {sizes_named(found.rivals)} to call with {found.num_seeds} runs."
    return f"{first}; B = {found.second}, the next one, takes {between(found.behind)} times as long."


def sizes_named(sizes: tuple[int, ...]) -> str:
    return " and ".join(f"B = {size:,}" for size in sizes)


def milliseconds(seconds: Estimate) -> str:
    """
    >>> milliseconds(Estimate(0.00122, 0.0011, 0.00134))
    '1.22 ms (95% interval 1.10 to 1.34)'
    """
    value, interval = with_interval(seconds.scaled(1e3)).split(" ", 1)
    return f"{value} ms {interval}"
