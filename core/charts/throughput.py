"""Tokens a second at each batch size, one run alone."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import batch_size_scale, progress_axis, styled

ROW_HEIGHT = 34


def throughput_chart(batch_sizes: list[int], theme: Theme) -> alt.LayerChart:
    """A bar for each batch size, its value beside it. The y axis names the colours, so there is no legend.

    Datasets
        speed   batch_size (int), tokens_per_second (float)
        frame   tokens_per_second (float): the right end of the axis, with room for a label; see `round_end`
    """
    palette = PALETTES[theme]
    speed, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("speed", "frame"))
    ascending = sorted(batch_sizes)
    x = alt.X("tokens_per_second:Q")
    y = alt.Y(
        "batch_size:O",
        scale=alt.Scale(domain=ascending),
        axis=alt.Axis(title="batch size", labelOverlap=False),
    )
    axis = frame.mark_point(opacity=0).encode(
        x=alt.X(
            "tokens_per_second:Q",
            scale=alt.Scale(domainMin=0, nice=False),
            axis=progress_axis("tokens a second, one run alone"),
        )
    )
    tooltip = [
        alt.Tooltip("tokens_per_second:Q", title="tokens a second", format=".3~s"),
        alt.Tooltip("batch_size:O", title="batch size"),
    ]
    bars = speed.mark_bar(height={"band": 0.62}).encode(
        x=x,
        y=y,
        color=alt.Color("batch_size:O", scale=batch_size_scale(ascending, theme), legend=None),
        tooltip=tooltip,
    )
    values = speed.mark_text(align="left", dx=5, color=palette.text).encode(
        x=x, y=y, text=alt.Text("tokens_per_second:Q", format=".3~s")
    )
    return styled(alt.layer(axis, bars, values), theme, height=ROW_HEIGHT * len(ascending))
