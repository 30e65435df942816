"""A total as the sum, or the mean, of its parts: a bar each, and a line for the total so far."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import FEW_TICKS, haloed, styled


def sum_chart(
    theme: Theme, *, x_title: str, part_title: str, total_title: str = "sum so far", height: int = 260
) -> alt.LayerChart:
    """One to some hundred parts, in order.

    Datasets
        parts   place (int, from 0), value, running (float: of those up to and with this one), label (str)
        total   y (float), label (str)
        frame   x, y (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    parts, total, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("parts", "total", "frame"))
    scale = alt.Scale(nice=False, zero=False)
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X("x:Q", scale=scale, axis=alt.Axis(title=x_title, format="d", tickMinStep=1, tickCount=FEW_TICKS)),
        y=alt.Y(
            "y:Q",
            scale=scale,
            axis=alt.Axis(title=[f"bars: {part_title}", f"line: {total_title}"], format=",.3~r", tickCount=6),
        ),
    )
    bars = parts.transform_calculate(left="datum.place - 0.4", right="datum.place + 0.4", zero="0")
    half_steps = (  # a step line runs from the middle of the first part to the middle of the last
        parts.transform_joinaggregate(last="max(place)")
        .transform_filter("datum.place == 0 || datum.place == datum.last")
        .transform_calculate(
            left="datum.place == 0 ? -0.5 : datum.place",
            right="datum.place == datum.last ? datum.place + 0.5 : datum.place",
        )
    )
    tooltip = [
        alt.Tooltip("place:Q", title=x_title),
        alt.Tooltip("label:N", title="what"),
        alt.Tooltip("value:Q", title=part_title, format=".4~g"),
        alt.Tooltip("running:Q", title=total_title, format=".4~g"),
    ]
    return styled(
        alt.layer(
            axes,
            frame.mark_rule(color=palette.theory).encode(y=alt.YDatum(0, type="quantitative")),
            bars.mark_rect(color=palette.part, opacity=0.75).encode(
                x="left:Q", x2="right:Q", y="zero:Q", y2="value:Q", tooltip=tooltip
            ),
            half_steps.mark_rule(color=palette.whole, strokeWidth=2.2).encode(x="left:Q", x2="right:Q", y="running:Q"),
            parts.mark_line(color=palette.whole, strokeWidth=2.2, interpolate="step").encode(
                x="place:Q", y="running:Q"
            ),
            parts.mark_circle(size=90, opacity=0).encode(x="place:Q", y="running:Q", tooltip=tooltip),
            bars.mark_rect(opacity=0).encode(x="left:Q", x2="right:Q", y="zero:Q", y2="running:Q", tooltip=tooltip),
            total.mark_rule(color=palette.theory, strokeDash=[3, 3]).encode(y="y:Q"),
            *(
                total.mark_text(align="left", baseline="bottom", dx=6, dy=-4, **look).encode(
                    x=alt.value(0), y="y:Q", text="label:N"
                )
                for look in haloed(palette)
            ),
        ),
        theme,
        height=height,
    )
