"""How noisy a loss curve is, taken from the curve itself while it runs.

A live curve falls and jitters at once; only the jitter is noise. Second differences d_t = x_t - 2 x_(t-1) + x_(t-2)
take any straight trend away and leave 6 sigma^2 of independent noise, so

    sigma^2 = sum d_t^2 / (6 n)        over n second differences.

Neighbouring d_t share losses: their correlations are -2/3 and 1/6, so n of them are worth 18 n / 35 independent ones
(derived here: 1 / (1 + 2 (4/9 + 1/36))). Losses of small batches have longer tails than the normal distribution: an
excess kurtosis k of theirs, twice that of the d_t, makes it 18 n / (35 + 9 k). The 95% interval is chi-squared with
that many degrees of freedom; it takes the noise to be independent from step to step. Whether it is, `lag1` tells, whose
own standard error is about 2 / sqrt(n): from v = mean d_t^2 and
c = mean d_t d_(t-1), noise correlated with its neighbour only has lag-1 autocorrelation (4 v + 6 c) / (7 v + 8 c).

The first quarter of the steps so far is left out: there the loss falls fastest and bends most. Where it still falls by
more a step than it jitters, drift > sigma, its bends are in the estimate too, and it is not of noise alone.

Shapes: R replicas (seeds).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri

from core.measure.estimate import Estimate
from core.measure.intervals import FEWEST_DOF

NUM_BINS = 64  # the steps of a run, for the quarter to be left out by whole bins: the footprint does not grow
MIN_DIFFERENCES = 24  # fewer say little


@dataclass(frozen=True)
class NoiseEstimate(Estimate):
    """Of sigma, the standard deviation of the loss from step to step, in nats."""

    lag1: float  # autocorrelation of the noise from one step to the next; near 0 if the interval is to hold
    num_differences: int
    drift: float  # how far the loss falls from one step to the next, on the average, nats


def with_neighbours(sigma: float, lag1: float, num_differences: int) -> float | None:
    """The noise where neighbouring losses are correlated: second differences see 1 - 4/3 lag1 of its variance (6 g0 -
    8 g1 over 6 g0, for noise correlated with its neighbour only). None for a lag1 within two standard errors of 0."""
    if abs(lag1) <= 4 / num_differences**0.5:
        return None
    return sigma / max(1 - 4 / 3 * lag1, 0.1) ** 0.5


class LossNoise:
    """The loss noise of R runs at one batch size. `add` blocks of losses in order; `pooled` and `of_run` estimate.

    Each run of `num_steps` steps is kept as sums in 64 bins, so neither memory nor time grows with it.
    """

    def __init__(self, num_steps: int, num_runs: int):
        self.num_steps = num_steps
        self.step = self.furthest = 0
        self.sums = np.zeros((5, NUM_BINS, num_runs))  # of d_t^2, d_t^4, d_t d_(t-1), x_(t-1) - x_t; the number of d_t
        self.last = np.full((3, num_runs), np.nan)  # losses before the next block

    def add(self, losses: np.ndarray) -> None:
        """The next steps' losses (steps, R); NaN where a run has ended."""
        x = np.concatenate([self.last, losses])  # (steps + 3, R)
        d = x[2:] - 2 * x[1:-1] + x[:-2]  # (steps + 1, R): the first one belongs to the block before
        bins = np.arange(self.step, self.step + len(losses)) * NUM_BINS // self.num_steps
        known = np.isfinite(d[1:])
        drifts = np.where(known, x[2:-1] - x[3:], 0.0)
        of_each = d[1:] ** 2, d[1:] ** 4, d[1:] * d[:-1], drifts, known
        for total, values in zip(self.sums, of_each, strict=True):
            np.add.at(total, bins, np.nan_to_num(values))
        self.step += len(losses)
        self.furthest = max(self.step, self.furthest)
        self.last = x[-3:]

    def restart(self) -> None:
        """The losses that come next are those of other runs, from their first step on."""
        self.step, self.last = 0, np.full_like(self.last, np.nan)

    def pooled(self, same_examples: bool = False) -> NoiseEstimate | None:
        """All runs together; None while there is too little. Where they read the same examples at the same step, as in
        sequential order, they jump together and are worth no more than one: the interval is then a single run's."""
        pooled = self._estimate(slice(None))
        if pooled is None or not same_examples:
            return pooled
        one = self.of_run(0)
        return one and replace(pooled, low=pooled.value * one.low / one.value, high=pooled.value * one.high / one.value)

    def of_run(self, replica: int) -> NoiseEstimate | None:
        return self._estimate(slice(replica, replica + 1))

    def _estimate(self, runs: slice) -> NoiseEstimate | None:
        first_bin = self.furthest * NUM_BINS // (4 * self.num_steps)
        squares, fourths, products, drifts, count = self.sums[:, first_bin:, runs].sum(axis=(1, 2))
        if count < MIN_DIFFERENCES or not squares:
            return None
        variance = squares / (6 * count)
        excess = 2 * max(0.0, count * fourths / squares**2 - 3)
        dof = 18 * count / (35 + 9 * excess)
        if not dof >= FEWEST_DOF:  # a jump or two in a curve that is calm otherwise, or numbers without bound
            return None
        low, high = np.sqrt(variance * dof / chdtri(dof, [0.025, 0.975]))
        lag1 = (4 * squares + 6 * products) / (7 * squares + 8 * products)
        return NoiseEstimate(
            float(np.sqrt(variance)), float(low), float(high), float(lag1), int(count), float(drifts / count)
        )
