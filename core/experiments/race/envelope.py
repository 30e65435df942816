"""The losses of runs at every step, in a picture of bounded size.

A run's steps are cut into columns of equal width, as an audio editor draws sound: each column keeps its lowest and its
highest loss, so every step is in the picture. A column costs the same however many steps it has, and the columns are
known before the first step, so nothing moves while losses come.
"""

import numpy as np

from core.experiments.results import Snapshots
from core.measure.comparison import running_mean

MOST_COLUMNS, ALL_COLUMNS = 240, 780  # of a panel, which has about so many pixels; of all panels together
SMOOTHED_SHARE = 0.05  # of a run, for its running mean

Columns = dict[str, np.ndarray]  # of a table, as many values each


class Envelope(Snapshots):
    """Of R runs of `num_steps` steps at one batch size, in at most `max_columns`. Shapes: C columns."""

    def __init__(self, num_steps: int, num_runs: int, max_columns: int = MOST_COLUMNS):
        self.num_steps = num_steps
        self.width = -(-num_steps // max_columns)  # steps a column
        shape = (-(-num_steps // self.width), num_runs)  # (C, R)
        self.low = np.full(shape, np.inf)
        self.high = np.full(shape, -np.inf)
        self.total = np.zeros(shape)
        self.count = np.zeros(shape, dtype=int)

    def add(self, first_step: int, losses: np.ndarray) -> None:
        """The losses (steps, R) of the steps from `first_step`, from 1; NaN where a run has ended."""
        columns = np.minimum((np.arange(len(losses)) + first_step - 1) // self.width, len(self.low) - 1)
        edges = np.flatnonzero(np.diff(columns, prepend=-1))
        at, known = columns[edges], np.isfinite(losses)
        arrays = (
            (np.minimum, "low", np.where(known, losses, np.inf)),
            (np.maximum, "high", np.where(known, losses, -np.inf)),
            (np.add, "total", np.where(known, losses, 0.0)),
            (np.add, "count", known.astype(int)),
        )
        for combine, name, values in arrays:
            array = getattr(self, name).copy()  # a snapshot may hold the one before
            array[at] = combine(array[at], combine.reduceat(values, edges, axis=0))
            setattr(self, name, array)

    def columns(self, runs: slice) -> Columns:
        """stop (steps: a column ends there, and begins where the one before ends), low, high, mean, (C,) each: of the
        columns that have a loss of one of the runs. The mean is a running one, over a twentieth of the run."""
        total, count = self.total[:, runs].sum(axis=1), self.count[:, runs].sum(axis=1)
        width = max(3, round(SMOOTHED_SHARE * len(total)))
        has = np.flatnonzero(count)
        # a running mean of sums over one of numbers: each column by how many losses it has
        sums = running_mean(np.stack([total[has], count[has]], axis=1), width)
        return {
            "stop": np.minimum((has + 1) * self.width, self.num_steps),
            "low": self.low[has, runs].min(axis=1),
            "high": self.high[has, runs].max(axis=1),
            "mean": sums[:, 0] / sums[:, 1],
        }
