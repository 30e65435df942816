"""Spreads and slopes with their 95% intervals, from squared distances to a mean that is known.

A spread is a root of a mean of squares d_1, ..., d_N. For squares of a normal number, N of them give a chi-squared
interval with N degrees of freedom. A gradient has many coordinates, and a loss has tails, so the degrees of freedom are
matched to the variance of the squares, after Satterthwaite (1946): nu = 2 N E[d]^2 / Var(d).

Here d = |v|^2 for the mean v of B independent values v_i of mean 0 and covariance Sigma, for which (derived here)

    Var(d) / E[d]^2 = pair (1 - 1/B) + single / B,    pair = 2 tr(Sigma^2) / tr(Sigma)^2,
                                                      single = Var(|v_i|^2) / tr(Sigma)^2.

For a single number pair is 2, and single its kurtosis less 1. Both come from many single values, once for all B: taken
from the N squares at hand, they made the intervals of small samples too narrow (87% in place of 95% for exponential
values and N = 100).

Where a few rare values make nearly all of the spread, N batches meet nu / 2 of them on average. Below nu = 6 more than
one in twenty such samples would meet none at all (e^-3 = 0.0498), and its spread would say nothing of theirs: no
interval is given then. Nor is one of what is only rounding error.

Shapes: N batches, M single values, P coordinates.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, ndtri  # without scipy.stats, which would cost a page's process 40 MB

from core.measure.estimate import Estimate, Unresolved

FEWEST_DOF = 6.0
ROUNDING = 1e-6  # of a number in single precision, about eight times the distance to the next one


@dataclass(frozen=True)
class Spread(Estimate):
    """Of a root of a mean of squares."""

    dof: float  # degrees of freedom of the chi-squared interval
    unresolved: Unresolved | None = None


@dataclass(frozen=True)
class Kurtosis:
    """How much the squared lengths of single values scatter: see the top of this file."""

    pair: float
    single: float

    @classmethod
    def of_numbers(cls, values: np.ndarray) -> "Kurtosis":
        """Of all values (M,) that there are.

        >>> Kurtosis.of_numbers(np.array([-1.0, 1.0, -1.0, 1.0]))
        Kurtosis(pair=2.0, single=0.0)
        """
        squares = (values - values.mean()) ** 2
        if not squares.any():  # no spread at all, and no tails
            return cls(2.0, 2.0)
        return cls(2.0, float(squares.var() / squares.mean() ** 2))

    def dof(self, num: int, batch_size: int) -> float:
        """nu of `num` squared distances of means of B values.

        >>> Kurtosis(pair=2.0, single=10.0).dof(100, 4)
        50.0
        """
        scatter = self.pair * (1 - 1 / batch_size) + self.single / batch_size
        return 2 * num / max(scatter, 1e-6)  # 0: every value lies equally far from the mean


def spread_of(squares: np.ndarray, dof: float, size: float = 0.0) -> Spread:
    """The spread that squared distances (N,) to a known mean tell of. `size` is that mean's own, to know rounding by.

    >>> found = spread_of(np.array([1.0, 9.0, 4.0, 2.0]), dof=8)
    >>> round(found.value, 3), found.contains(2.0)
    (2.0, True)
    """
    mean = squares.mean()
    if why := _unresolved(float(mean), dof, size):
        return Spread(float(mean**0.5), math.nan, math.nan, dof, why)
    low, high = np.sqrt(mean * dof / chdtri(dof, [0.025, 0.975]))
    return Spread(float(mean**0.5), float(low), float(high), dof)


def _unresolved(mean_square: float, dof: float, size: float) -> Unresolved | None:
    if not (math.isfinite(mean_square) and math.isfinite(dof)):
        return Unresolved.NOT_FINITE
    if mean_square**0.5 <= ROUNDING * size:
        return Unresolved.ROUNDING
    return Unresolved.RARE if dof < FEWEST_DOF else None


def slope_of(batch_sizes: Sequence[int], spreads: Sequence[Spread]) -> Estimate:
    """d ln sigma / d ln B: of the straight line through ln sigma against ln B, least squares, each point weighed by its
    own precision, Var(ln sigma) = 1 / (2 nu). The spreads must come from different batches. NaN where fewer than two
    are resolved."""
    points = [(b, spread) for b, spread in zip(batch_sizes, spreads, strict=True) if not spread.unresolved]
    if len(points) < 2:
        return Estimate(math.nan, math.nan, math.nan)
    x, y = np.log([b for b, _ in points]), np.log([s.value for _, s in points])
    weights = 2 * np.array([s.dof for _, s in points])
    x = x - np.average(x, weights=weights)
    information = float((weights * x**2).sum())
    slope = float((weights * x * y).sum() / information)
    half = ndtri(0.975) / information**0.5
    return Estimate(slope, float(slope - half), float(slope + half))


def without_replacement(batch_sizes: Sequence[int] | np.ndarray, num_windows: int) -> np.ndarray:
    """The factor sqrt((1/B - 1/D) D / (D - 1)) that turns the spread of single windows into that of a batch of B
    distinct ones.

    >>> without_replacement([1, 3], num_windows=3)
    array([1., 0.])
    """
    D = num_windows
    return np.sqrt((1 / np.asarray(batch_sizes, dtype=float) - 1 / D) * D / (D - 1))
