"""The loss that a learning rate leads to, at each batch size."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import batch_size_legend, batch_size_scale, names_at_ends, styled


def rate_chart(
    batch_sizes: list[int], learning_rates: list[float], theme: Theme, *, y_title: str, height: int = 320
) -> alt.LayerChart:
    """A line for each batch size over a logarithmic axis of rates; a point and its interval for each rate.

    Datasets
        rates   rate (float, above 0), batch_size (int), mean, low, high (float)
        ends    rate, mean (float), label (str): what stands at the end of a line
        frame   rate, y (float): two corners that hold the axes; see `frame_corners`
    """
    rates, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("rates", "frame"))
    x, y = alt.X("rate:Q"), alt.Y("mean:Q")
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X(
            "rate:Q",
            scale=alt.Scale(type="log", nice=False, padding=16),
            axis=alt.Axis(title="learning rate", values=list(learning_rates), format="~g", grid=False),
        ),
        y=alt.Y("y:Q", scale=alt.Scale(nice=False, zero=False), axis=alt.Axis(title=y_title, tickCount=6)),
    )
    color = alt.Color("batch_size:O", scale=batch_size_scale(batch_sizes, theme), legend=batch_size_legend())
    tooltip = [
        alt.Tooltip("batch_size:O", title="batch size"),
        alt.Tooltip("rate:Q", title="learning rate", format="~g"),
        alt.Tooltip("mean:Q", title=y_title, format=".4~r"),
        alt.Tooltip("low:Q", title="95% interval from", format=".4~r"),
        alt.Tooltip("high:Q", title="95% interval to", format=".4~r"),
    ]
    return styled(
        alt.layer(
            axes,
            rates.mark_line(strokeWidth=2).encode(x=x, y=y, color=color),
            rates.mark_rule(strokeWidth=2, opacity=0.55, clip=True).encode(x=x, y="low:Q", y2="high:Q", color=color),
            rates.mark_circle(size=90, opacity=1).encode(x=x, y=y, color=color, tooltip=tooltip),
            *names_at_ends(PALETTES[theme], "rate", "mean"),
        ),
        theme,
        height=height,
    )
