"""Which batch size leads, and whether the runs can tell: paired over seeds, as runs of one seed share weights and data.

Shapes: R seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit


@dataclass(frozen=True)
class Lead:
    """The batch size with the lowest mean loss, and how far the next one is behind."""

    leader: int
    loss: float  # mean over the seeds, nats per token
    second: int
    difference: float  # the second's mean less the leader's
    low: float  # 95% t interval of the difference, paired over seeds; NaN for a single seed
    high: float
    num_seeds: int

    @property
    def resolved(self) -> bool:
        return self.low > 0


def lead_of(losses: Mapping[int, np.ndarray]) -> Lead | None:
    """Of losses (R,) by batch size, NaN where a run has none. Batch sizes that lack a run are left out; None where
    fewer than two are complete.

    >>> lead = lead_of({4: np.array([2.0, 2.2]), 16: np.array([2.5, 2.7]), 64: np.array([3.0, np.nan])})
    >>> lead.leader, lead.second, round(lead.difference, 3), lead.resolved
    (4, 16, 0.5, True)
    """
    complete = {b: values for b, values in losses.items() if np.isfinite(values).all()}
    if len(complete) < 2:
        return None
    leader, second = sorted(complete, key=lambda b: complete[b].mean())[:2]
    mean, half = mean_and_half_width(complete[second] - complete[leader])
    return Lead(leader, float(complete[leader].mean()), second, mean, mean - half, mean + half, len(complete[leader]))


def mean_and_half_width(values: np.ndarray) -> tuple[float, float]:
    """The mean and half of its 95% t interval, t s / sqrt(n). One value has no interval: NaN."""
    n = len(values)
    half = stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return float(values.mean()), float(half)
