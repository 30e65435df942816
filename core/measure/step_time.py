"""The time of a step against the batch size, as a straight line.

    t(B) = a + b B        a: what a step takes however small the batch, b: what each further window adds

Windows a second are B / t(B) = 1 / (b + a / B): they grow with B as long as a weighs more than b B, and hardly any more
after that. At the knee, B = a / b, half of the most that this device can do is reached.
"""

from dataclasses import dataclass

import numpy as np

from core.measure.estimate import Estimate
from core.measure.targets import fit_steps


@dataclass(frozen=True)
class StepTimeFit:
    step_seconds: Estimate  # a
    window_seconds: Estimate  # b
    knee: Estimate  # a / b, windows
    residual: float  # the largest difference between ln t, as measured, and the line's

    def seconds(self, batch_sizes: np.ndarray) -> np.ndarray:
        return self.step_seconds.value + self.window_seconds.value * np.asarray(batch_sizes, dtype=float)


def fit_step_time(batch_sizes: np.ndarray, seconds: np.ndarray) -> StepTimeFit | None:
    """Fit t(B) to timings, (n,) each: each counts by its relative error, and each batch size as one point, the mean of
    its timings, for they err together. Intervals are 95%, from the scatter of the k points around the line, as if that
    were chance; where the time is not quite a line they say how far it is from one, not where another measurement with
    other sizes would find the knee. None for fewer than three batch sizes, or where a or b cannot be told from 0.

    The time of a window, t / B = b + a / B, is of the form that steps to a target have, and is fitted as they are.
    """
    sizes, times = np.asarray(batch_sizes, dtype=float), np.asarray(seconds, dtype=float)
    fit = fit_steps(sizes, times / sizes)
    if fit is None:
        return None
    line = np.log(fit.e_min.value + fit.s_min.value * sizes)
    rests = [float((np.log(times) - line)[sizes == size].mean()) for size in np.unique(sizes)]
    return StepTimeFit(fit.e_min, fit.s_min, fit.b_crit, max(map(abs, rests)))
