"""The simple gradient noise scale, B_simple = tr(Sigma) / |G|^2 (McCandlish et al. 2018), with its interval.

One example is one window of T tokens; g_i is its gradient, G the mean over all examples, Sigma their covariance.
B_simple is the batch size at which the noise in a batch's gradient is as long as the gradient itself, as
E|G_B|^2 = |G|^2 + tr(Sigma) / B. It is a proxy for how large a batch is still useful, not the answer: it knows nothing
of the optimizer or of the curvature.

|G|^2 and tr(Sigma) are estimated without bias from every batch, both averaged over the batches, and only then divided:
a single batch's ratio can be negative or huge.

It is resolved where both intervals, of |G|^2 and of tr(Sigma), lie above 0, and tr(Sigma) above what rounding makes of
two equal numbers; and where enough windows were drawn to have met those that make the noise (`intervals.py`).

Shapes: K batches of B examples.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.measure.estimate import Estimate, Unresolved
from core.measure.intervals import FEWEST_DOF

RESAMPLES = 2000
ROUNDING = 1e-5  # of |G|^2: tr(Sigma) is a difference of sums over all weights, in single precision


@dataclass(frozen=True)
class NoiseScale:
    """|G|^2 and tr(Sigma), as estimated, and their ratio in windows."""

    grad_sq_norm: float
    trace_cov: float
    estimate: Estimate | None  # None where it is not resolved
    unresolved: Unresolved | None = None

    @property
    def ratio(self) -> float | None:
        """Also where it is not resolved; None where either is not above 0."""
        both = 0 < self.grad_sq_norm < math.inf and 0 < self.trace_cov < math.inf
        return self.trace_cov / self.grad_sq_norm if both else None


def from_examples(mean_squares: np.ndarray, squares_of_mean: np.ndarray, batch_size: int) -> tuple:
    """Unbiased (|G|^2, tr(Sigma)) of each batch of B examples, from m = mean |g_i|^2 and n = |mean g_i|^2, each (K,):

    |G|^2 ~ (B n - m) / (B - 1)        tr(Sigma) ~ (m - n) B / (B - 1)
    """
    B, m, n = batch_size, mean_squares, squares_of_mean
    return (B * n - m) / (B - 1), (m - n) * B / (B - 1)


def from_two_sizes(squares_small: float, squares_big: float, small: int, big: int) -> tuple[float, float]:
    """Unbiased (|G|^2, tr(Sigma)) from the mean squared gradient norms at two batch sizes.

    >>> G2, trace = from_two_sizes(4.1e-2, 2.8e-3, 32, 512)
    >>> f"{G2:.3e}, {trace:.3f}, {trace / G2:.0f}"
    '2.533e-04, 1.304, 5147'
    """
    return (
        (big * squares_big - small * squares_small) / (big - small),
        (squares_small - squares_big) / (1 / small - 1 / big),
    )


def noise_scale(grad_sq_norms: np.ndarray, trace_covs: np.ndarray, dof: float = math.inf, seed: int = 0) -> NoiseScale:
    """Of the estimates of K batches, (K,) each, taken at the same weights. The interval is a percentile bootstrap over
    the batches. `dof` are the degrees of freedom that all their windows have together, where they are known."""
    pairs = np.stack([grad_sq_norms, trace_covs])  # (2, K)
    grad_sq_norm, trace_cov = pairs.mean(axis=1).tolist()
    num = pairs.shape[1]
    drawn = np.random.default_rng(seed).integers(num, size=(RESAMPLES, num))
    some_grad, some_trace = pairs[:, drawn].mean(axis=2)  # (RESAMPLES,) each
    if why := _unresolved(some_grad, some_trace, dof):
        return NoiseScale(grad_sq_norm, trace_cov, None, why)
    # a resampled |G|^2 at 0 or below stands for a ratio without bound
    ratios = np.where(some_grad > 0, some_trace / np.maximum(some_grad, 1e-300), np.inf)
    low, high = np.quantile(ratios, [0.025, 0.975], method="lower").tolist()
    return NoiseScale(grad_sq_norm, trace_cov, Estimate(trace_cov / grad_sq_norm, low, high))


def _unresolved(some_grad: np.ndarray, some_trace: np.ndarray, dof: float) -> Unresolved | None:
    """Why resampled |G|^2 and tr(Sigma), (RESAMPLES,) each, have no ratio."""
    if not (np.isfinite(some_grad).all() and np.isfinite(some_trace).all()):
        return Unresolved.NOT_FINITE
    if dof < FEWEST_DOF:
        return Unresolved.RARE
    if np.quantile(some_grad, 0.025) <= 0:
        return Unresolved.HIDDEN
    rounding = ROUNDING * some_grad.mean()
    if np.quantile(some_trace, 0.025) > rounding:
        return None
    return Unresolved.RARE if some_trace.mean() > rounding else Unresolved.ROUNDING
