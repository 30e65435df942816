"""How many steps, and how many examples, it takes to reach a validation loss, against the batch size.

    S(B) = S_min + E_min / B        equivalently (S / S_min - 1)(E / E_min - 1) = 1 with E = B S

(McCandlish et al. 2018): no batch is so large that fewer than S_min steps do, none so small that fewer than E_min
examples do. B_crit = E_min / S_min is where a run takes twice the least of both. It is fitted to runs whose learning
rate was tuned at each batch size; it describes these runs, this target and this model.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from core.measure.estimate import Estimate

FEWEST = 3  # batch sizes: two numbers are fitted, and the scatter around them must show
MOST_BEYOND = 7.0  # how far, in ln B, the bend may lie beyond the batch sizes
RESOLVED_WITHIN = 10.0  # an interval that reaches further than this factor from its value says nothing


def is_resolved(fitted: Estimate) -> bool:
    """Whether the interval of a number above 0 tells at least its order of magnitude."""
    return fitted.above(fitted.value / RESOLVED_WITHIN) and fitted.below(RESOLVED_WITHIN * fitted.value)


@dataclass(frozen=True)
class StepsFit:
    s_min: Estimate  # steps
    e_min: Estimate  # examples
    b_crit: Estimate  # examples a step

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
    relative error. The runs of one batch size share its grid of rates and of validations, so they do not err apart:
    each batch size counts as one point, the mean of its runs. Intervals are 95%, from the scatter of the k points
    around the fit (t with k - 2 degrees of freedom), symmetric in the logarithm. None for too few batch sizes, or where
    S_min or E_min cannot be told from 0."""
    runs_at, S = np.asarray(batch_sizes, dtype=float), np.asarray(steps, dtype=float)
    B = np.unique(runs_at)  # (k,)
    if len(B) < FEWEST or not ((S > 0) & np.isfinite(S)).all():
        return None
    points = np.array([np.log(S[runs_at == size]).mean() for size in B])  # (k,): ln S

    # given u = ln B_crit, ln S_min has a closed form, which leaves one number to look for: ever closer around the best
    centre, width = float(np.log(B).mean()), 12.0
    while width > 1e-9:
        grid = np.linspace(centre - width, centre + width, 65)
        rests = points - np.log1p(np.exp(grid)[:, None] / B)  # (65, k); ln S_min is a row's mean
        centre, width = float(grid[rests.var(axis=1).argmin()]), width / 16
    if not np.log(B.min()) - MOST_BEYOND < centre < np.log(B.max()) + MOST_BEYOND:
        return None  # all runs lie on one side of the bend, and far from it
    rest = points - np.log1p(np.exp(centre) / B)
    s_min = float(np.exp(rest.mean()))
    found = np.log([s_min, s_min * np.exp(centre)])
    share = s_min / (s_min + np.exp(found[1]) / B)  # d ln S / d ln S_min; that of ln E_min is the rest of 1
    jacobian = np.stack([share, 1 - share], axis=1)  # (k, 2)
    dof = len(B) - 2
    covariance = np.linalg.inv(jacobian.T @ jacobian) * float(((rest - rest.mean()) ** 2).sum() / dof)
    t = stdtrit(dof, 0.975)

    def fitted(weights: tuple[float, float]) -> Estimate:
        centre = float(np.dot(weights, found))
        half = float(t * np.sqrt(np.array(weights) @ covariance @ np.array(weights)))
        with np.errstate(over="ignore"):  # an interval may have no upper end
            return Estimate(*np.exp([centre, centre - half, centre + half]).tolist())

    return StepsFit(fitted((1, 0)), fitted((0, 1)), fitted((-1, 1)))
