"""Whether a loss curve comes in waves, and what it does where an epoch ends. Taken from the curve while it runs.

If losses jitter independently from step to step, with standard deviation sigma, the means of m of them in a row jitter
with sigma / sqrt(m). Where the steps read the text in its own order, neighbours have their subject in common, and the
means keep more of it. So

    wave = sqrt(m) sigma_m / sigma_1

is 1 for independent losses and larger the slower the waves are. Both sigmas come from second differences (`noise.py`),
which take any straight trend away; sigma_1 itself sees only what happens within three steps.

Shapes: R replicas (seeds).
"""

import math

import numpy as np

from core.measure.noise import LossNoise

WIDTH = 16  # losses in a mean: m


class LossWaves:
    """The noise of the means of `width` losses in a row, of R runs. `add` blocks of losses in order."""

    def __init__(self, num_steps: int, num_runs: int, width: int = WIDTH):
        self.width = width
        self.means = LossNoise(max(1, num_steps // width), num_runs)
        self.rest = np.empty((0, num_runs))  # losses that wait for a whole mean

    def add(self, losses: np.ndarray) -> None:
        """The next steps' losses (steps, R); NaN where a run has ended."""
        losses = np.concatenate([self.rest, losses])  # (steps + waiting, R)
        whole = len(losses) // self.width
        kept = losses[: whole * self.width].reshape(whole, self.width, losses.shape[1])
        if whole:
            self.means.add(kept.mean(axis=1))
        self.rest = losses[whole * self.width :]


class AroundEdge:
    """The mean loss of the last `width` whole steps before a place in training, and of the first after it.

    edge: the place in steps; it may lie within a step, which then counts on neither side.
    """

    def __init__(self, edge: float, width: int, num_runs: int):
        self.width = width
        self.last_before, self.first_after = math.floor(edge), math.ceil(edge) + 1  # steps count from 1
        self.step = 0
        self.sums = np.zeros((2, num_runs))

    def add(self, losses: np.ndarray) -> None:
        """The next steps' losses (steps, R)."""
        steps = np.arange(self.step + 1, self.step + len(losses) + 1)
        before = (self.last_before - self.width < steps) & (steps <= self.last_before)
        after = (self.first_after <= steps) & (steps < self.first_after + self.width)
        self.sums += [losses[before].sum(axis=0), losses[after].sum(axis=0)]
        self.step += len(losses)

    @property
    def complete(self) -> bool:
        return 0 < self.width <= self.last_before and self.step >= self.first_after + self.width - 1

    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """(before, after): (R,) each; NaN for a run that had ended."""
        before, after = self.sums / self.width
        return before, after
