"""How often values lie where, and where one of them lies."""

import math

import altair as alt
import numpy as np
import pandas as pd

from core.charts.domains import FINEST, LARGEST, SMALLEST
from core.charts.palette import PALETTES, Theme
from core.charts.style import FEW_TICKS, labels_beside, styled


def histogram_chart(theme: Theme, *, x_title: str, y_title: str = "steps", height: int = 180) -> alt.LayerChart:
    """Bars, and a rule with its label at one value.

    Datasets
        bins    start, end (float), count (int); see `histogram_bins`
        mark    x (float), label (str)
        frame   x, y (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    bins, mark, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("bins", "mark", "frame"))
    scale = alt.Scale(nice=False, zero=False)
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X("x:Q", scale=scale, axis=alt.Axis(title=x_title, format="~g", grid=False, tickCount=FEW_TICKS)),
        y=alt.Y("y:Q", scale=scale, axis=alt.Axis(title=y_title, tickMinStep=1, tickCount=4, format="~s")),
    )
    return styled(
        alt.layer(
            axes,
            bins.transform_calculate(zero="0")
            .mark_rect(color=palette.part, opacity=0.75)
            .encode(
                x="start:Q",
                x2="end:Q",
                y="zero:Q",
                y2="count:Q",
                tooltip=[
                    alt.Tooltip("count:Q", title=y_title),
                    alt.Tooltip("start:Q", title="from", format=".3~g"),
                    alt.Tooltip("end:Q", title="to", format=".3~g"),
                ],
            ),
            mark.mark_rule(color=palette.background, strokeWidth=7).encode(x="x:Q"),
            mark.mark_rule(color=palette.whole, strokeWidth=3).encode(x="x:Q"),
            *labels_beside(mark, palette),
        ),
        theme,
        height=height,
    )


def histogram_bins(values: np.ndarray, max_bins: int = 40) -> pd.DataFrame:
    """The dataset `bins`: equally wide, as many as the values' number and spread ask for (Sturges, or Freedman and
    Diaconis where they ask for more). Values that are not finite are in none.

    >>> histogram_bins(np.array([1.0, 1.0, 2.0]), max_bins=2)["count"].tolist()
    [2, 1]
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)].clip(-LARGEST, LARGEST)
    if not len(values):
        return pd.DataFrame({"start": [], "end": [], "count": np.array([], dtype=int)})
    low, high = float(values.min()), float(values.max())
    if high - low <= FINEST * max(abs(low), abs(high)):
        half = max(0.5, FINEST * abs(low))
        counts, edges = np.array([len(values)]), np.array([low - half, high + half])
    else:
        counts, edges = np.histogram(values, np.linspace(low, high, 1 + min(max_bins, _bins_asked(values))))
    return pd.DataFrame({"start": edges[:-1], "end": edges[1:], "count": counts})


def _bins_asked(values: np.ndarray) -> int:
    """By values that are not all equal."""
    sturges = math.log2(len(values)) + 1
    quarter, three_quarters = np.quantile(values, [0.25, 0.75]).tolist()
    width = 2 * (three_quarters - quarter) / len(values) ** (1 / 3)
    freedman_diaconis = (values.max() - values.min()) / width if width > SMALLEST else 0.0
    return math.ceil(max(sturges, freedman_diaconis))
