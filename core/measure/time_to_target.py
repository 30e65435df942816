"""Which batch size is first at a loss: its steps to it, times what a step of it takes. The product is calculated, not
run. Shapes: R seeds, N rounds of timing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.measure.comparison import ratio_of
from core.measure.estimate import Estimate


@dataclass(frozen=True)
class Soonest:
    """The batch size that is at a target first, and which ones cannot be told from it."""

    batch_size: int
    seconds: float  # to the target
    rivals: tuple[int, ...]  # ascending; all others where one seed cannot tell
    second: int  # the next one
    behind: Estimate  # by how many times as long the next one takes
    num_seeds: int

    @property
    def choices(self) -> tuple[int, ...]:
        """It and its rivals, ascending."""
        return tuple(sorted((self.batch_size, *self.rivals)))


def steps_of(runs: pd.DataFrame) -> dict[int, np.ndarray]:
    """The steps to a target (R,) by batch size, of those that every seed has reached after its beginning. `runs` as
    `SweepResults.runs_to` gives them."""
    return {
        int(b): rows["steps"].to_numpy(dtype=float)
        for b, rows in runs.groupby("batch_size")
        if np.isfinite(rows["steps"]).all() and (rows["steps"] > 0).all()
    }


def soonest_of(steps: Mapping[int, np.ndarray], taken: Mapping[int, np.ndarray]) -> Soonest | None:
    """From steps (R,) and seconds of a step (N,) by batch size, both of the same ones: the ratio of steps, over the
    seeds, times that of the times of a step, over the rounds. None for fewer than two batch sizes, or rounds.

    >>> found = soonest_of({4: np.array([90.0, 91.0]), 8: np.array([40.0, 41.0])}, {4: np.ones(2), 8: np.ones(2)})
    >>> found.batch_size, round(found.seconds, 1), found.rivals
    (8, 40.5, ())
    """
    if len(steps) < 2 or len(next(iter(taken.values()))) < 2:
        return None
    mean = {b: float(np.exp(np.log(steps[b]).mean()) * taken[b].mean()) for b in steps}
    first, second = sorted(mean, key=mean.__getitem__)[:2]
    behind = {b: ratio_of(steps[b], steps[first]).times(ratio_of(taken[b], taken[first])) for b in steps if b != first}
    rivals = tuple(sorted(b for b, ratio in behind.items() if not ratio.above(1)))  # of one seed, all: NaN is not above
    return Soonest(first, mean[first], rivals, second, behind[second], len(steps[first]))
