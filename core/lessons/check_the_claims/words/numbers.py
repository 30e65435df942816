"""Numbers with their intervals, and one for each batch size, in words."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from core import charts
from core.measure.comparison import Estimate

Value = TypeVar("Value")
number, size_of = charts.format_significant, charts.format_bytes


def between(estimate: Estimate) -> str:
    """A value and its interval."""
    if np.isnan(estimate.low):
        return f"{signed(estimate.value)} (a single value: no interval)"
    return f"{signed(estimate.value)} (95% interval {signed(estimate.low)} to {signed(estimate.high)})"


def signed(value: float) -> str:
    return number(value).replace("-", "−")


def of_each(values: Mapping[int, Value], form: Callable[[Value], str], unit: str = "") -> str:
    """ "B = 16: 12k, B = 128: 30k tokens" """
    return ", ".join(f"B = {b}: {form(value)}" for b, value in values.items()) + unit
