"""How many steps, and how many examples, it takes to reach a validation loss, against the batch size.

    S(B) = S_min + E_min / B        equivalently (S / S_min - 1)(E / E_min - 1) = 1 with E = B S

(McCandlish et al. 2018): no batch is so large that fewer than S_min steps do, none so small that fewer than E_min
examples do. B_crit = E_min / S_min is where a run takes twice the least of both. It is fitted to runs whose learning
rate was tuned at each batch size; it describes these runs, this target and this model.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

FEWEST = 4  # runs, at three batch sizes or more: two numbers are fitted, and their scatter must show
RESOLVED_WITHIN = 10.0  # an interval that reaches further than this factor from its value says nothing


@dataclass(frozen=True)
class Fitted:
    """A fitted number above 0, with its 95% interval."""

    value: float
    low: float
    high: float

    @property
    def resolved(self) -> bool:
        return self.high < RESOLVED_WITHIN * self.value and self.low > self.value / RESOLVED_WITHIN


@dataclass(frozen=True)
class StepsFit:
    s_min: Fitted  # steps
    e_min: Fitted  # examples
    b_crit: Fitted  # examples a step

    def steps(self, batch_sizes: np.ndarray) -> np.ndarray:
        return self.s_min.value + self.e_min.value / np.asarray(batch_sizes, dtype=float)


def steps_to_target(steps: np.ndarray, losses: np.ndarray, target: float) -> float:
    """The step at which validation losses, taken at ascending `steps`, first reach the target, on the straight line
    between two of them; infinity where they do not.

    >>> float(steps_to_target(np.array([0, 10, 20]), np.array([4.0, 3.0, 2.0]), target=2.5))
    15.0
    """
    reached = np.flatnonzero(losses <= target)
    if not len(reached):
        return np.inf
    at = reached[0]
    if at == 0:
        return float(steps[0])
    share = (losses[at - 1] - target) / (losses[at - 1] - losses[at])
    return float(steps[at - 1] + share * (steps[at] - steps[at - 1]))


def fit_steps(batch_sizes: np.ndarray, steps: np.ndarray) -> StepsFit | None:
    """Fit S(B) to runs, (n,) each, that reached the target: least squares of ln S, so that a run counts by its
    relative error. Intervals are 95%, from the scatter of the runs around the fit (t with n - 2 degrees of freedom),
    symmetric in the logarithm. None for too few runs, or where S_min or E_min cannot be told from 0."""
    B, S = np.asarray(batch_sizes, dtype=float), np.asarray(steps, dtype=float)
    if len(S) < FEWEST or len(set(B)) < 3 or not (S > 0).all():
        return None

    def residuals(log_parameters: np.ndarray) -> np.ndarray:
        s_min, e_min = np.exp(log_parameters)
        return np.log(s_min + e_min / B) - np.log(S)

    start = np.log([S.min() / 2, (B * S).min() / 2])
    found = optimize.least_squares(residuals, start, bounds=(start - 12, start + 12))
    if (np.abs(found.x - start) > 11.9).any():
        return None  # ran to the end of what it may try
    freedom = len(S) - 2
    covariance = np.linalg.inv(found.jac.T @ found.jac) * (2 * found.cost / freedom)
    t = stats.t.ppf(0.975, freedom)

    def fitted(weights: tuple[float, float]) -> Fitted:
        centre = float(np.dot(weights, found.x))
        half = float(t * np.sqrt(np.array(weights) @ covariance @ np.array(weights)))
        return Fitted(*np.exp([centre, centre - half, centre + half]).tolist())

    return StepsFit(fitted((1, 0)), fitted((0, 1)), fitted((-1, 1)))
