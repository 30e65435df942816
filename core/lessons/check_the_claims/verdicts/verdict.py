"""A verdict, and numbers with their intervals in words."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core import charts
from core.measure.comparison import Estimate

HOLDS, PARTLY, FAILS = "holds here", "holds in part", "does not hold here"
UNRESOLVED, NOT_YET = "not resolved", "not measured yet"
GAP_THAT_MATTERS = 0.05  # nats: a claim fails where more can be ruled out
number, size_of = charts.format_significant, charts.format_bytes


@dataclass(frozen=True)
class Verdict:
    word: str  # one of the five above
    reason: str
    facts: tuple[str, ...] = ()


TOO_EARLY = Verdict(NOT_YET, "Too little has been measured so far.")


def between(estimate: Estimate) -> str:
    """A value and its interval."""
    if np.isnan(estimate.low):
        return f"{signed(estimate.value)} (a single value: no interval)"
    return f"{signed(estimate.value)} (95% interval {signed(estimate.low)} to {signed(estimate.high)})"


def signed(value: float) -> str:
    return number(value).replace("-", "−")


def of_each(values: dict[int, float], form: Callable[[float], str], unit: str) -> str:
    """ "B = 16: 12k, B = 128: 30k tokens" """
    return ", ".join(f"B = {b}: {form(value)}" for b, value in values.items()) + unit


def mean_of(values: dict[int, np.ndarray]) -> dict[int, float]:
    """The mean of the seeds, by batch size."""
    return {b: float(each.mean()) for b, each in values.items()}
