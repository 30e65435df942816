"""Axis domains that hold still while data arrives: they only ever grow, and in round steps.

No data have no domain: what is not finite, or has no place on a logarithmic axis, does not count; numbers beyond single
precision, in which charts get them, count as its ends.
"""

import math
from typing import Literal

import pandas as pd

Domain = tuple[float, float]

LOSS_STEP_NATS = 0.5
SMALLEST, LARGEST = 1e-36, 1e36  # in single precision, with room for an axis beyond
FINEST = 1e-6  # step of an axis, of its largest number: single precision tells no smaller ones apart


def round_domain(low: float, high: float, step: float = LOSS_STEP_NATS) -> Domain:
    """The smallest interval between multiples of `step` that holds low and high; never empty.

    >>> round_domain(1.62, 4.17)
    (1.5, 4.5)
    """
    known = [min(max(value, -LARGEST), LARGEST) for value in (low, high) if math.isfinite(value)]
    if not known:
        return 0.0, step
    largest = max(map(abs, known))
    step = max(step, FINEST * _decade(largest)) if largest else step
    first, last = math.floor(_settle(min(known) / step)), math.ceil(_settle(max(known) / step))
    return first * step, max(last, first + 1) * step


def round_step(span: float) -> float:
    """Half of the power of ten in a span: the step for the axis that shows it.

    >>> round_step(3.2), round_step(0.043)
    (0.5, 0.005)
    """
    return _decade(min(max(span, SMALLEST), LARGEST)) / 2 if math.isfinite(span) else LOSS_STEP_NATS


def round_log_domain(low: float, high: float, base: Literal[2, 10] = 10) -> Domain:
    """The smallest interval that holds low and high between powers of two, or between 1, 2, 5 x 10^k.

    >>> round_log_domain(0.026, 0.237), round_log_domain(3, 60, base=2)
    ((0.02, 0.5), (2.0, 64.0))
    """
    known = [min(max(value, SMALLEST), LARGEST) for value in (low, high) if 0 < value < math.inf] or [1.0]
    first, last = _round_below(min(known), base), _round_above(max(known), base)
    return (first, last) if first < last else (first, _round_above(last * 1.01, base))


def round_end(value: float) -> float:
    """The smallest 1, 2 or 5 x 10^k that is at least `value`: the right end of an axis that starts at 0.

    >>> round_end(130_000)
    200000.0
    """
    return _round_above(min(max(value, SMALLEST), LARGEST), 10) if 0 < value < math.inf else 1.0


def grow(domain: Domain | None, wanted: Domain) -> Domain:
    """The domain to show next: it never shrinks.

    >>> grow((1.5, 4.5), (2.0, 5.0))
    (1.5, 5.0)
    """
    return wanted if domain is None else (min(domain[0], wanted[0]), max(domain[1], wanted[1]))


def frame_corners(x: Domain, y: Domain, *, x_column: str = "x", y_column: str = "y") -> pd.DataFrame:
    """The dataset `frame` of a chart: the two corners that hold its axes."""
    return pd.DataFrame({x_column: x, y_column: y}, dtype="float64")


def _settle(ratio: float) -> float:
    """A ratio within rounding error of a whole number is that number."""
    return round(ratio) if math.isclose(ratio, round(ratio), rel_tol=1e-9, abs_tol=1e-9) else ratio


def _decade(value: float) -> float:
    return 10.0 ** math.floor(math.log10(value))


def _round_above(value: float, base: int) -> float:
    if base == 2:
        return 2.0 ** math.ceil(_settle(math.log2(value)))
    decade = math.floor(_settle(math.log10(value)))
    return next(r for m in (1, 2, 5, 10) if (r := float(f"{m}e{decade}")) >= value * (1 - 1e-9))


def _round_below(value: float, base: int) -> float:
    if base == 2:
        return 2.0 ** math.floor(_settle(math.log2(value)))
    decade = math.floor(_settle(math.log10(value)))
    return next(r for m in (5, 2, 1) if (r := float(f"{m}e{decade}")) <= value * (1 + 1e-9))
