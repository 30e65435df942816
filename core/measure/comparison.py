"""Which batch size (or order) leads, and whether the runs can tell: paired over seeds, for they share first weights.

Shapes: E evaluations, R seeds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.special import stdtrit

from core.measure.estimate import Estimate

RISE_THAT_MATTERS = 0.1  # nats
GAP_THAT_MATTERS = 0.05  # nats: a claim fails where more can be ruled out
FEWEST_EVALUATIONS = 8  # for a rise to be seen

K = TypeVar("K", int, str)  # what is compared: batch sizes, or orders


@dataclass(frozen=True)
class Lead:
    """The batch size with the lowest mean loss, and how far the next one is behind."""

    leader: int | str
    loss: float  # mean over the seeds, nats per token
    second: int | str
    difference: Estimate  # the second's mean minus the leader's; t interval, paired over seeds
    num_seeds: int

    @property
    def resolved(self) -> bool:
        return self.difference.above(0)


def lead_of(losses: Mapping[K, np.ndarray]) -> Lead | None:
    """Of losses (R,) by batch size, NaN where a run has none. Batch sizes that lack a run are left out; None where
    fewer than two are complete.

    >>> lead = lead_of({4: np.array([2.0, 2.2]), 16: np.array([2.5, 2.7]), 64: np.array([3.0, np.nan])})
    >>> lead.leader, lead.second, round(lead.difference.value, 3), lead.resolved
    (4, 16, 0.5, True)
    """
    complete = {b: values for b, values in losses.items() if np.isfinite(values).all()}
    if len(complete) < 2:
        return None
    leader, second = sorted(complete, key=lambda b: complete[b].mean())[:2]
    difference = difference_of(complete[second], complete[leader])
    return Lead(leader, float(complete[leader].mean()), second, difference, len(complete[leader]))


@dataclass(frozen=True)
class Overfit:
    """How far a validation loss has risen from its lowest; means over the seeds, nats per token."""

    lowest_at: float  # steps, tokens or seconds
    lowest: float
    last_at: float
    last: float
    least: float  # rise of a run, from where the mean is lowest to the last

    @property
    def matters(self) -> bool:
        """Whether every run has risen, by more than the lowest of many noisy losses lies below the others. Of three
        batch sizes with flat curves whose noise is 0.05 nats, one was said to rise at the end in none of 1,000
        simulations; where the seeds share half of that noise, in 62; of 0.035 nats, half of it shared, in one."""
        return self.least > RISE_THAT_MATTERS


def overfit_of(x: np.ndarray, losses: np.ndarray) -> Overfit | None:
    """Of evaluations in their order, at x (E,): losses (E, R), means of three neighbours. None for fewer than eight
    evaluations, or a single run: they cannot tell a rise from noise.

    >>> losses = np.array([4, 3, 2, 2, 2, 2, 3, 3, 3])[:, None] + np.array([0.0, 0.5])
    >>> overfit_of(np.arange(9), losses)
    Overfit(lowest_at=2.0, lowest=2.25, last_at=8.0, last=3.25, least=1.0)
    """
    if len(losses) < FEWEST_EVALUATIONS or losses.shape[1] < 2:
        return None
    smooth = running_mean(losses, 3)
    means = smooth.mean(axis=1)
    place = int(means.argmin())
    least = (smooth[-1] - smooth[place]).min()
    return Overfit(*(float(number) for number in (x[place], means[place], x[-1], means[-1], least)))


def running_mean(losses: np.ndarray, width: int) -> np.ndarray:
    """Each row of losses (E, R) as the mean of `width` rows around it. At the beginning, where a loss falls fast and
    bends, of fewer: up to a quarter of the rows before it on either side; at the end of those that there are.

    >>> running_mean(np.array([8.0, 4.0, 3.0, 2.0, 2.0, 5.0])[:, None], 3)[:, 0]
    array([8. , 4. , 3. , 2. , 3. , 3.5])
    """
    places = np.arange(len(losses))
    half = np.minimum(width // 2, places // 4)
    sums = np.concatenate([np.zeros((1, losses.shape[1])), losses.cumsum(axis=0)])
    start, stop = places - half, np.minimum(places + half + 1, len(losses))
    return (sums[stop] - sums[start]) / (stop - start)[:, None]


def difference_of(values: np.ndarray, others: np.ndarray) -> Estimate:
    """The mean of values - others, paired: (R,) each; t interval.

    >>> difference_of(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    Estimate(value=1.0, low=1.0, high=1.0)
    """
    with np.errstate(invalid="ignore"):
        return mean_of(np.asarray(values, dtype=float) - np.asarray(others, dtype=float))


def unpaired_difference_of(values: np.ndarray, others: np.ndarray) -> Estimate:
    """The mean of values (R,) minus that of others (Q,), of runs that share nothing; t interval with the degrees of
    freedom of Welch (1947) and Satterthwaite (1946). None where either has a single run.

    >>> difference = unpaired_difference_of(np.array([3.0, 5.0]), np.array([1.0, 1.0]))
    >>> difference.value, round(difference.high, 3)  # 3 + 12.706, of one degree of freedom
    (3.0, 15.706)
    """
    sides = [np.asarray(each, dtype=float) for each in (values, others)]
    mean = float(sides[0].mean() - sides[1].mean())
    if min(map(len, sides)) < 2:
        return Estimate(mean, math.nan, math.nan)
    squares = np.array([each.var(ddof=1) / len(each) for each in sides])  # of the standard errors
    if not squares.any():
        return Estimate(mean, mean, mean)
    dof = squares.sum() ** 2 / (squares**2 / [len(each) - 1 for each in sides]).sum()
    half = float(stdtrit(dof, 0.975) * np.sqrt(squares.sum()))
    return Estimate(mean, mean - half, mean + half)


def ratio_of(values: np.ndarray, others: np.ndarray) -> Estimate:
    """The geometric mean of values / others, paired: (R,) each, all above 0; t interval of the logarithm.

    >>> round(ratio_of(np.array([2.0, 8.0]), np.array([1.0, 4.0])).value, 6)
    2.0
    """
    with np.errstate(divide="ignore", over="ignore"):
        logs = difference_of(np.log(values), np.log(others))
        return Estimate(*np.exp([logs.value, logs.low, logs.high]).tolist())


def at_equal(x: Mapping[K, np.ndarray], values: Mapping[K, np.ndarray]) -> tuple[float, dict[K, np.ndarray]]:
    """(x, values): the largest x (steps, tokens or seconds) that all batch sizes have come to, and there the values
    (R,) of each; between two evaluations, on the straight line from one to the other. From the ascending x (E,) and
    the values (E, R) of each. (NaN, {}) as long as one has fewer than two evaluations.

    >>> at_equal({4: np.array([0, 8]), 16: np.array([0, 4])}, {4: np.array([[4], [2]]), 16: np.array([[1], [1]])})
    (4.0, {4: array([3.]), 16: array([1.])})
    """
    if not x or not all(len(places) > 1 and np.isfinite(places).all() for places in x.values()):
        return np.nan, {}
    equal = min(places[-1] for places in x.values())
    return float(equal), {b: np.array([np.interp(equal, x[b], column) for column in values[b].T]) for b in x}


def at_equal_loss(
    losses: Mapping[int, np.ndarray], values: Mapping[int, np.ndarray]
) -> tuple[float, dict[int, np.ndarray]]:
    """(loss, values): the lowest loss that every run of every batch size has come down to, and the values (R,) of each
    where it first did, between two evaluations on the straight line. From losses and values, (E, R) of each batch size.
    (NaN, {}) where a run's first evaluation lies below it already.

    >>> at_equal_loss({4: np.array([[4], [2]]), 8: np.array([[4], [3]])}, {4: np.array([[0], [1]]), 8: np.ones((2, 1))})
    (3.0, {4: array([0.5]), 8: array([1.])})
    """
    if not losses or not all(len(table) > 1 for table in losses.values()):
        return np.nan, {}
    level = max(float(table.min(axis=0).max()) for table in losses.values())
    if any((table[0] <= level).any() for table in losses.values()):
        return np.nan, {}
    found = {}
    for b, table in losses.items():
        ends = (table <= level).argmax(axis=0)  # (R,): the first evaluation at or below it
        columns = np.arange(table.shape[1])
        before, after = table[ends - 1, columns], table[ends, columns]
        share = (before - level) / (before - after)
        found[b] = values[b][ends - 1, columns] * (1 - share) + values[b][ends, columns] * share
    return level, found


def mean_of(values: np.ndarray) -> Estimate:
    """The mean of values (n,) with its 95% t interval.

    >>> mean_of(np.array([1.0, 1.0]))
    Estimate(value=1.0, low=1.0, high=1.0)
    """
    mean, half = mean_and_half_width(values)
    return Estimate(mean, mean - half, mean + half)


def geometric_mean_of(values: np.ndarray) -> Estimate:
    """The same of values above 0, by their logarithms."""
    return ratio_of(values, np.ones(len(values)))


def mean_and_half_width(values: np.ndarray) -> tuple[float, float]:
    """The mean and half of its 95% t interval, t s / sqrt(n). One value has no interval: NaN; nor have values that are
    not all finite."""
    n = len(values)
    with np.errstate(invalid="ignore", over="ignore"):
        half = stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        return float(values.mean()), float(half)
