"""How the interval of a mean narrows with each seed that comes in, and what 1/√n says of it."""

import altair as alt
import numpy as np
import pandas as pd

from core.charts.palette import PALETTES, Theme
from core.charts.style import styled


def narrowing_chart(theme: Theme, *, y_title: str, each: str = "seed", height: int = 260) -> alt.LayerChart:
    """A dot a seed (or whatever else `each` names), the mean of the seeds so far and its interval; dashed, one that
    shrinks as 1/√n to the last.

    Datasets
        seeds   n (int), value (float), own (bool): each seed as it came in
        means   n (int), mean, low, high (float): of the first n seeds
        theory  n (int), low, high (float); see `root_n`
        frame   x, y (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    seeds, means, theory, frame = (
        alt.Chart(alt.NamedData(name=name)) for name in ("seeds", "means", "theory", "frame")
    )
    x = alt.X("n:Q")
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X(
            "x:Q",
            scale=alt.Scale(nice=False, zero=False),
            axis=alt.Axis(title=f"{each}s that have come in", tickMinStep=1, format="d", grid=False),
        ),
        y=alt.Y("y:Q", scale=alt.Scale(nice=False, zero=False), axis=alt.Axis(title=y_title, tickCount=6, format="~r")),
    )
    dashed: dict = {"color": palette.theory, "strokeDash": [5, 4], "strokeWidth": 1.5, "clip": True}
    tooltip = [
        alt.Tooltip("n:Q", title=f"{each}s"),
        alt.Tooltip("mean:Q", format=".3~g"),
        alt.Tooltip("low:Q", title="interval from", format=".3~g"),
        alt.Tooltip("high:Q", title="to", format=".3~g"),
    ]
    look = alt.condition("datum.own", alt.value(palette.y), alt.value(palette.part))
    return styled(
        alt.layer(
            axes,
            means.mark_area(color=palette.ghost, opacity=0.45, clip=True).encode(x=x, y="low:Q", y2="high:Q"),
            theory.mark_line(**dashed).encode(x=x, y="low:Q"),
            theory.mark_line(**dashed).encode(x=x, y="high:Q"),
            seeds.mark_circle(opacity=1).encode(
                x=x, y="value:Q", color=look, size=alt.condition("datum.own", alt.value(200), alt.value(80))
            ),
            means.mark_line(color=palette.whole, strokeWidth=2.6, clip=True).encode(x=x, y="mean:Q"),
            means.mark_circle(opacity=0, size=140, clip=True).encode(x=x, y="mean:Q", tooltip=tooltip),
        ),
        theme,
        height=height,
    )


def root_n(mean: float, half: float, last: int) -> pd.DataFrame:
    """The dataset `theory`: around the mean of all, half widths of half x √(last / n), for n from 2 to the last.

    >>> root_n(mean=4.0, half=1.0, last=4)["high"].round(2).tolist()
    [5.41, 5.15, 5.0]
    """
    n = np.arange(2, last + 1)
    halves = half * np.sqrt(last / n)
    return pd.DataFrame({"n": n, "low": mean - halves, "high": mean + halves})
