"""Batches around the whole text: what each one found, by batch size; and the noise scale along a training run."""

import altair as alt

from core.charts.noise import ROUND_LABELS
from core.charts.palette import PALETTES, Theme
from core.charts.style import FEW_TICKS, batch_size_scale, haloed, styled


def strips_chart(batch_sizes: list[int], theme: Theme, *, y_title: str, height: int = 320) -> alt.LayerChart:
    """A tick for every batch, in a strip for its size; and a line at what they gather around.

    Datasets
        batches  batch_size (int), value (float)
        whole    y (float), label (str)
        frame    batch_size (int), y (float): every batch size, and between them the two ends of the axis
    """
    palette = PALETTES[theme]
    batches, whole, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("batches", "whole", "frame"))
    x = alt.X(
        "batch_size:O",
        scale=alt.Scale(domain=sorted(batch_sizes), padding=0.2),
        axis=alt.Axis(title="batch size (windows)", labelAngle=0, labelOverlap=True),
    )
    axes = frame.mark_point(opacity=0).encode(
        x=x, y=alt.Y("y:Q", scale=alt.Scale(nice=False, zero=False), axis=alt.Axis(title=y_title, tickCount=6))
    )
    color = alt.Color("batch_size:O", scale=batch_size_scale(batch_sizes, theme), legend=None)
    return styled(
        alt.layer(
            axes,
            batches.mark_tick(thickness=1.6, opacity=0.7, orient="horizontal").encode(
                x=x,
                y="value:Q",
                color=color,
                tooltip=[
                    alt.Tooltip("batch_size:O", title="batch size"),
                    alt.Tooltip("value:Q", title=y_title, format=".4~r"),
                ],
            ),
            whole.mark_rule(color=palette.whole, strokeWidth=1.6, strokeDash=[5, 3]).encode(y="y:Q"),
            *(
                whole.mark_text(align="right", baseline="bottom", dx=-4, dy=-3, **look).encode(
                    x=alt.value("width"), y="y:Q", text="label:N"
                )
                for look in haloed(palette)
            ),
        ),
        theme,
        height=height,
    )


def noise_scale_chart(theme: Theme, *, height: int = 240) -> alt.LayerChart:
    """The noise scale at some steps of a run: a point, its interval and its value each, or a word where it is not
    resolved.

    Datasets
        scale       step (int), value, low, high (float, above 0)
        unresolved  step (int), value (float): where the word stands
        frame       step, value (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    scale, unresolved, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("scale", "unresolved", "frame"))
    x, y = alt.X("step:Q"), alt.Y("value:Q")
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X(
            "step:Q",
            scale=alt.Scale(nice=False, zero=False, padding=24),
            axis=alt.Axis(title="optimizer steps done", format="~s", grid=False, tickCount=FEW_TICKS, tickMinStep=1),
        ),
        y=alt.Y(
            "value:Q",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(title="noise scale (windows)", labelExpr=ROUND_LABELS, labelOverlap=False),
        ),
    )
    tooltip = [
        alt.Tooltip("step:Q"),
        alt.Tooltip("value:Q", title="noise scale (windows)", format=".3~r"),
        alt.Tooltip("low:Q", title="95% interval from", format=".3~r"),
        alt.Tooltip("high:Q", title="95% interval to", format=".3~r"),
    ]
    return styled(
        alt.layer(
            axes,
            scale.mark_line(color=palette.theory, strokeWidth=1.2).encode(x=x, y=y),
            scale.mark_rule(color=palette.part, strokeWidth=2.5).encode(x=x, y="low:Q", y2="high:Q", tooltip=tooltip),
            scale.mark_circle(color=palette.part, size=110, opacity=1).encode(x=x, y=y, tooltip=tooltip),
            *(
                scale.mark_text(align="left", baseline="top", dx=7, dy=7, **look).encode(
                    x=x, y=y, text=alt.Text("value:Q", format=".3~r")
                )
                for look in haloed(palette)
            ),
            unresolved.mark_text(color=palette.text, align="center", text="not resolved").encode(x=x, y=y),
        ),
        theme,
        height=height,
    )
