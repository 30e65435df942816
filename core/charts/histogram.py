"""How often values lie where, and where one of them lies."""

import altair as alt
import numpy as np
import pandas as pd

from core.charts.palette import PALETTES, Theme
from core.charts.style import FEW_TICKS, haloed, styled


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
    in_left_half = "scale('x', datum.x) < width / 2"
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
            *(
                mark.mark_text(
                    fontWeight="bold",
                    baseline="top",
                    align=alt.ExprRef(f"{in_left_half} ? 'left' : 'right'"),
                    dx=alt.ExprRef(f"{in_left_half} ? 7 : -7"),
                    **look,
                ).encode(x="x:Q", y=alt.value(2), text="label:N")
                for look in haloed(palette)
            ),
        ),
        theme,
        height=height,
    )


def histogram_bins(values: np.ndarray, max_bins: int = 40) -> pd.DataFrame:
    """The dataset `bins` of one value or more: equally wide, as many as the values' number and spread ask for.

    >>> histogram_bins(np.array([1.0, 1.0, 2.0]), max_bins=2)["count"].tolist()
    [2, 1]
    """
    values = np.asarray(values, dtype=float)
    edges = np.histogram_bin_edges(values, bins="auto")
    if len(edges) > max_bins + 1:
        edges = np.histogram_bin_edges(values, bins=max_bins)
    counts, edges = np.histogram(values, edges)
    return pd.DataFrame({"start": edges[:-1], "end": edges[1:], "count": counts})
