"""Points against the batch size, each with its interval, on two logarithmic axes."""

import numpy as np
import pandas as pd

from core import charts
from core.measure.comparison import mean_and_half_width
from core.ui.charts import LIVE_ALT, draw, spec_of, theme

THEORY = ["batch_size", "sigma", "label"]


def draw_points(
    values: dict[int, np.ndarray],
    sizes: tuple[int, ...],
    key: str,
    title: str,
    live: bool,
    curve: pd.DataFrame | None = None,
    **more,
) -> None:
    """The geometric mean of some values above 0 at each batch size, with its 95% t interval; and a curve, dashed, if
    there is one, in the columns of THEORY."""
    rows = []
    for batch_size, each in values.items():
        if not ((each > 0) & np.isfinite(each)).all():
            continue
        mean, half = mean_and_half_width(np.log(each))
        rows.append((batch_size, *np.exp([mean, mean - half, mean + half])))
    points = pd.DataFrame(rows, columns=["batch_size", "sigma", "low", "high"])
    curve = pd.DataFrame(columns=THEORY) if curve is None else curve
    bounds = [*points[["sigma", "low", "high"]].stack().dropna(), *curve["sigma"]]
    low, high = (min(bounds) / 1.3, max(bounds) * 1.3) if rows else (1.0, 100.0)
    sentence = charts.describe_noise(points, title.capitalize())
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title=title, **{"height": 220} | more),
        key,
        f"{title.capitalize()}: {LIVE_ALT}" if live else sentence,
        noise=points,
        theory=curve,
        frame=by_size_frame(sizes, low, high),
    )


def by_size_frame(sizes: tuple[int, ...], low: float, high: float) -> pd.DataFrame:
    """The corners of a chart against batch size, with log axes."""
    x = charts.round_log_domain(sizes[0] / 1.2, sizes[-1] * 1.2, base=2)
    return charts.frame_corners(x, charts.round_log_domain(low, high), x_column="batch_size", y_column="sigma")
