"""Curves of bounded size.

A curve of any length is thinned to a few points by keeping the lowest and the highest of each bucket of steps. A
thinning that averages would hide the very noise that the app is there to show. New losses are folded in as they come,
so a tick costs the same at step 100 and at step 100,000.
"""

import numpy as np
import pandas as pd

from core.experiments.results import Snapshots


def thin(steps: np.ndarray, values: np.ndarray, max_points: int) -> np.ndarray:
    """Which points to keep, ascending: of each bucket of steps the one with the lowest and the one with the highest
    value, buckets being as wide (a power of two) as brings them down to `max_points`. Also the first and the last.

    >>> thin(np.arange(1, 9), np.array([0, 5, 1, 0, 3, 9, 2, 4]), max_points=4)
    array([0, 1, 3, 5, 7])
    """
    if len(steps) <= max_points:
        return np.arange(len(steps))
    width = 2 ** int(np.ceil(np.log2(2 * (steps[-1] - steps[0] + 1) / max_points)))
    order = np.lexsort((values, steps // width))  # by bucket, and by value in it
    bucket = (steps // width)[order]
    first = np.flatnonzero(np.diff(bucket, prepend=-1))
    last = np.flatnonzero(np.diff(bucket, append=bucket[-1] + 1))
    return np.unique(np.concatenate([order[first], order[last], [0, len(steps) - 1]]))


class Curve(Snapshots):
    """One curve: steps, the values to draw, and columns that go with them. Never more than 3 x `max_points` points."""

    def __init__(self, max_points: int, num_columns: int = 1):
        self.max_points = max_points
        self.steps = np.empty(0, dtype=np.int64)
        self.values = np.empty((0, num_columns))  # column 0 decides what is kept

    def add(self, steps: np.ndarray, values: np.ndarray) -> None:
        known = np.isfinite(values[:, 0])
        self.steps = np.concatenate([self.steps, steps[known]])
        self.values = np.concatenate([self.values, values[known]])
        if len(self.steps) > 2 * self.max_points:
            self._keep(thin(self.steps, self.values[:, 0], self.max_points))

    def _keep(self, kept: np.ndarray) -> None:
        self.steps, self.values = self.steps[kept], self.values[kept]

    def thinned(self) -> tuple[np.ndarray, np.ndarray]:
        kept = thin(self.steps, self.values[:, 0], self.max_points)
        return self.steps[kept], self.values[kept]


def excess(losses: np.ndarray, half_width: int = 25) -> np.ndarray:
    """How far each loss (steps,) lies above the median of those around it, `half_width` on either side, itself too.

    >>> excess(np.array([3.0, 3.0, 8.0, 3.0, 3.0]), half_width=1)
    array([0., 0., 5., 0., 0.])
    """
    level = pd.Series(losses).rolling(2 * half_width + 1, center=True, min_periods=1).median().to_numpy()
    return losses - level


def long_table(curves: list[tuple], columns: tuple[str, ...]) -> pd.DataFrame:
    """Curves one under another; a curve is a column's values, or one value for all its rows. No x, no row."""
    curves = [curve for curve in curves if np.isfinite(curve[0]).all()]
    lengths = [len(curve[0]) for curve in curves]
    parts = zip(*curves, strict=True) if curves else [[np.empty(0)]] * len(columns)
    stacked = (
        np.concatenate(part) if np.ndim(part[0]) else np.repeat(np.array(part), lengths) for part in map(list, parts)
    )
    return pd.DataFrame(dict(zip(columns, stacked, strict=True)))
