"""The training loss of one batch size (or order) at every step: a panel, to stand beside others with the same axes.

Each column of the picture is a bar from its lowest to its highest loss, as an audio editor draws sound; over it a thick
running mean, and as grey ghosts those of the other panels. Computes none of them.
"""

from typing import Literal

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import EXACT_FORMAT, batch_size_scale, frame_of, haloed, progress_axis, styled

PICKED, PICKED_FIELDS = "picked", ("x", "loss")


def panel_chart(
    color: str,
    theme: Theme,
    *,
    x_title: str = "tokens seen",
    x_format: str = "~s",
    mark: Literal["bars", "dots", "line"] = "bars",
    pick: bool = False,
    rules: bool = False,
    height: int = 225,
) -> alt.LayerChart:
    """Bars where a column may hold several losses; otherwise each is a point of a line, or a dot on it.

    Datasets
        columns  x (where a column ends; it begins where the one before ends), low, high, mean (float)
        ghosts   x, mean (float), line (int): the running means of the others
        rules    x (float), label (str): where something ends; only if asked for
        frame    x, y (float): two corners that hold the axes; see `frame_corners`

    With `pick`, a click takes the nearest end of a bar: the parameter "picked" has its x and its loss.
    """
    palette = PALETTES[theme]
    columns, ghosts, ends = (alt.Chart(alt.NamedData(name=name)) for name in ("columns", "ghosts", "rules"))
    x, y = alt.X("x:Q"), alt.Y("mean:Q")
    if mark == "bars":  # a column with a single loss still shows, as high as its outline
        bar = columns.mark_bar(color=color, stroke=color, strokeWidth=0.7, orient="vertical")
        losses = [since_the_last(bar).encode(x="start:Q", x2="x:Q", y="low:Q", y2="high:Q")]
    else:
        losses = [columns.mark_line(color=color, strokeWidth=1.6).encode(x=x, y="low:Q")]
    if mark == "dots":
        losses.append(columns.mark_circle(color=color, opacity=1, size=36).encode(x=x, y="low:Q"))
    hit = (
        columns.transform_fold(["low", "high"], as_=["end", "loss"])
        .mark_circle(size=120, opacity=0, cursor="pointer" if pick else "default")
        .encode(
            x=x,
            y="loss:Q",
            tooltip=[
                alt.Tooltip("loss:Q", title="loss (nats per token)", format=".3f"),
                alt.Tooltip("mean:Q", title="running mean", format=".3f"),
                alt.Tooltip("x:Q", title=x_title, format=EXACT_FORMAT),
            ],
        )
    )
    if pick:
        hit = hit.add_params(alt.selection_point(name=PICKED, fields=list(PICKED_FIELDS), nearest=True, empty=False))
    epochs = [
        ends.mark_rule(color=palette.theory, strokeDash=[3, 3]).encode(x="x:Q"),
        ends.mark_text(color=palette.theory, align="right", dx=-5, baseline="top").encode(
            x="x:Q", y=alt.value(2), text="label:N"
        ),
    ]
    return styled(
        alt.layer(
            *losses,
            ghosts.mark_line(color=palette.ghost, strokeWidth=1.4).encode(x=x, y=y, detail="line:N"),
            *(epochs * rules),
            columns.mark_line(color=palette.background, strokeWidth=4.5, opacity=0.8).encode(x=x, y=y),
            columns.mark_line(color=palette.text, strokeWidth=2.2).encode(x=x, y=y),
            hit,
            _frame(x_title, x_format),
        ),
        theme,
        height=height,
    )


def overlay_chart(
    batch_sizes: list[int], theme: Theme, *, x_title: str = "tokens seen", x_format: str = "~s", height: int = 340
) -> alt.LayerChart:
    """The same of all batch sizes in one picture: bars in the colour of each, and the running means over them.

    Datasets
        columns  as of a panel, and batch_size (int), in the order in which they are drawn
        ends     x, y (float), label (str): what stands at the end of a line; see `end_labels`
        frame    x, y (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    columns = alt.Chart(alt.NamedData(name="columns"))
    scale = batch_size_scale(batch_sizes, theme)
    color = alt.Color("batch_size:O", scale=scale, legend=None)
    outline = alt.Stroke("batch_size:O", scale=scale, legend=None)
    x = alt.X("x:Q")
    tooltip = [
        alt.Tooltip("batch_size:O", title="batch size"),
        alt.Tooltip("low:Q", title="lowest loss", format=".3f"),
        alt.Tooltip("high:Q", title="highest loss", format=".3f"),
        alt.Tooltip("mean:Q", title="running mean", format=".3f"),
        alt.Tooltip("x:Q", title=x_title, format=EXACT_FORMAT),
    ]
    return styled(
        alt.layer(
            since_the_last(columns.mark_bar(opacity=0.55, strokeWidth=0.7, orient="vertical"), ["batch_size"]).encode(
                x="start:Q", x2="x:Q", y="low:Q", y2="high:Q", color=color, stroke=outline, tooltip=tooltip
            ),
            columns.mark_line(color=palette.background, strokeWidth=4.5).encode(x=x, y="mean:Q", detail="batch_size:O"),
            columns.mark_line(strokeWidth=2.6).encode(x=x, y="mean:Q", color=color),
            *(
                alt.Chart(alt.NamedData(name="ends"))
                .mark_text(align="left", dx=5, **look)
                .encode(x=x, y="y:Q", text="label:N")
                for look in haloed(palette)
            ),
            _frame(x_title, x_format),
        ),
        theme,
        height=height,
    )


def since_the_last(bars: alt.Chart, groupby: list[str] | None = None) -> alt.Chart:
    """Each column from where the one before ends, the first from 0: so its beginning need not travel."""
    lagged = bars.transform_window(start="lag(x)", groupby=groupby or alt.Undefined)
    return lagged.transform_calculate(start="datum.start || 0")


def _frame(x_title: str, x_format: str) -> alt.Chart:
    """The axes. The unit of y stands over its axis, to save width."""
    title = alt.Axis(
        title="nats per token",
        titleAngle=0,
        titleAlign="left",
        titleAnchor="end",
        titleY=-12,
        titleX=-28,
        tickMinStep=1,
    )
    return frame_of(progress_axis(x_title, x_format), title)
