"""The training loss of one run in a small panel: every step is in it, however narrow it is. Computes no mean."""

import altair as alt

from core.charts.palette import PALETTES, Theme, batch_size_color
from core.charts.style import progress_axis, styled


def panel_chart(batch_size: int, theme: Theme, *, y_title: str = "", height: int = 168) -> alt.LayerChart:
    """One run at one batch size.

    Datasets
        bars    x, x2, low, high (float): a stretch of steps, from its lowest loss to its highest
        line    x, loss (float): where there are few steps, each of them
        mean    x, loss (float): the running mean
        frame   x, y (float): two corners that hold the axes; see `frame_corners`
    """
    color = batch_size_color(batch_size, theme)
    bars, line, mean, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("bars", "line", "mean", "frame"))
    scale = alt.Scale(zero=False, nice=False)
    return styled(
        alt.layer(
            frame.mark_point(opacity=0).encode(
                x=alt.X("x:Q", scale=scale, axis=progress_axis("tokens seen")),
                y=alt.Y("y:Q", scale=scale, axis=alt.Axis(title=y_title or None, tickCount=4)),
            ),
            bars.mark_rect(color=color, stroke=color, strokeWidth=0.8).encode(
                x="x:Q", x2="x2:Q", y="low:Q", y2="high:Q"
            ),
            line.mark_line(color=color, strokeWidth=3).encode(x="x:Q", y="loss:Q"),
            mean.mark_line(color=PALETTES[theme].whole, strokeWidth=1.5).encode(x="x:Q", y="loss:Q"),
        ),
        theme,
        height=height,
    )
