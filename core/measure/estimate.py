"""A measured number with its 95% interval: the form of all that is uncertain in `core/measure/`.

How an interval is made stands where the number is made. An estimate is *resolved* where its interval excludes what it
is compared with; what that is, stands where it is compared. Some data allow no interval at all: `Unresolved` says why.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Unresolved(StrEnum):
    """Why there is no interval."""

    HIDDEN = "hidden by noise"  # |G|^2, of which the interval contains 0
    RARE = "rare windows"  # a few of them make nearly all of the noise, and the batches hardly met one
    ROUNDING = "rounding errors"  # it is no larger than those
    NOT_FINITE = "not finite"


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval, NaN at both ends where there is none."""

    value: float
    low: float
    high: float

    def contains(self, number: float) -> bool:
        """Whether the number lies in the interval: never where there is none."""
        return self.low <= number <= self.high

    def above(self, bound: float) -> bool:
        """Whether all of the interval lies above the bound."""
        return self.low > bound

    def below(self, bound: float) -> bool:
        return self.high < bound

    def scaled(self, factor: float) -> "Estimate":
        """In another unit; the factor is above 0 and exact.

        >>> Estimate(2.0, 1.0, 4.0).scaled(10)
        Estimate(value=20.0, low=10.0, high=40.0)
        """
        return Estimate(factor * self.value, factor * self.low, factor * self.high)

    @property
    def inverse(self) -> "Estimate":
        """1 / the number, which is above 0.

        >>> Estimate(2.0, 1.0, 4.0).inverse
        Estimate(value=0.5, low=0.25, high=1.0)
        """
        with np.errstate(divide="ignore"):  # a number that came out at 0 has no inverse
            return Estimate(*(1 / np.array([self.value, self.high, self.low])).tolist())

    def times(self, other: "Estimate") -> "Estimate":
        """Of two ratios that are independent of each other, their product: half widths of logarithms add as squares.

        >>> Estimate(2.0, 1.0, 4.0).times(Estimate(3.0, 3.0, 3.0))
        Estimate(value=6.0, low=3.0, high=12.0)
        """
        value = self.value * other.value
        if not (0 < self.value < math.inf and 0 < other.value < math.inf):
            return Estimate(value, math.nan, math.nan)
        factor = math.exp(min(math.hypot(math.log(self.high / self.value), math.log(other.high / other.value)), 700.0))
        return Estimate(value, value / factor, value * factor)
