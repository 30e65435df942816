"""A run's losses as tables, and how far each lies above those around it."""

import numpy as np
import pandas as pd


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
