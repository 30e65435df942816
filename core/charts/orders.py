"""The orders in which windows can come: each with a colour and a mark of its own. Knows nothing of windows."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import EXACT_FORMAT, frame_of, progress_axis, styled

SHAPES = ("circle", "square", "triangle-up")


def order_loss_chart(orders: tuple[str, ...], theme: Theme, *, height: int = 300) -> alt.LayerChart:
    """Validation losses of all orders: the mean of the seeds with its interval, a mark at every validation.

    Datasets
        lines   x, loss (float), order (str), seed (int)
        mean    x, mean, low, high (float), order (str)
        rules   x (float), label (str): where an epoch ends
        frame   x, y (float): two corners that hold the axes
    """
    palette = PALETTES[theme]
    lines, mean, rules = (alt.Chart(alt.NamedData(name=name)) for name in ("lines", "mean", "rules"))
    color = alt.Color("order:N")
    tooltip = [
        alt.Tooltip("order:N"),
        alt.Tooltip("mean:Q", title="mean of the seeds", format=".3f"),
        alt.Tooltip("low:Q", title="interval from", format=".3f"),
        alt.Tooltip("high:Q", title="interval to", format=".3f"),
        alt.Tooltip("x:Q", title="tokens seen", format=EXACT_FORMAT),
    ]
    return styled(
        alt.layer(
            rules.mark_rule(color=palette.theory, strokeDash=[3, 3]).encode(x="x:Q"),
            rules.mark_text(color=palette.theory, align="right", dx=-5, baseline="top").encode(
                x="x:Q", y=alt.value(2), text="label:N"
            ),
            mean.mark_area(opacity=0.16).encode(x="x:Q", y="low:Q", y2="high:Q", color=color),
            lines.mark_line(strokeWidth=1, opacity=0.5).encode(x="x:Q", y="loss:Q", color=color, detail="seed:O"),
            mean.mark_line(strokeWidth=2.4).encode(x="x:Q", y="mean:Q", color=color),
            mean.mark_point(filled=True, size=70, opacity=1).encode(
                x="x:Q", y="mean:Q", color=_color(orders, theme), shape=_shape(orders), tooltip=tooltip
            ),
            frame_of(progress_axis("tokens seen"), alt.Axis(title="validation loss (nats per token)", tickCount=5)),
        ),
        theme,
        height=height,
    )


def order_reads_chart(orders: tuple[str, ...], theme: Theme, *, height: int = 240) -> alt.LayerChart:
    """How often tokens were read, as shares of all tokens; the first order as bars, the others as their marks.

    Datasets
        reads   times (float, the middle of a bin), start, end (float), share (float, 0 to 1), order (str)
        theory  times, share (float): what is expected of the first order
        frame   x, y (float): two corners that hold the axes
    """
    palette = PALETTES[theme]
    reads, theory = (alt.Chart(alt.NamedData(name=name)) for name in ("reads", "theory"))
    tooltip = [
        alt.Tooltip("order:N"),
        alt.Tooltip("times:Q", title="times read", format=".4~g"),
        alt.Tooltip("share:Q", title="share of the tokens", format=".3%"),
    ]
    y = alt.Y("share:Q")
    return styled(
        alt.layer(
            frame_of(
                progress_axis("times that a token was read"),
                alt.Axis(title="share of all tokens", tickCount=5, format="~%"),
            ),
            reads.transform_filter(alt.datum.order == orders[0])
            .transform_calculate(zero="0")
            .mark_rect(color=palette.orders[0], opacity=0.45)
            .encode(x="start:Q", x2="end:Q", y="zero:Q", y2="share:Q", tooltip=tooltip),
            reads.mark_point(filled=True, size=80, opacity=1).encode(
                x="times:Q", y=y, color=_color(orders, theme), shape=_shape(orders), tooltip=tooltip
            ),
            theory.mark_line(color=palette.theory, strokeDash=[4, 3], strokeWidth=1.6).encode(x="times:Q", y=y),
            theory.mark_point(color=palette.theory, shape="cross", filled=True, size=60, opacity=1).encode(
                x="times:Q", y=y
            ),
        ),
        theme,
        height=height,
    )


def _color(orders: tuple[str, ...], theme: Theme) -> alt.Color:
    scale = alt.Scale(domain=list(orders), range=list(PALETTES[theme].orders))
    return alt.Color("order:N", scale=scale, legend=_legend())


def _shape(orders: tuple[str, ...]) -> alt.Shape:
    return alt.Shape("order:N", scale=alt.Scale(domain=list(orders), range=list(SHAPES)), legend=_legend())


def _legend() -> alt.Legend:
    """One row of marks above the chart; the colour's and the mark's legend become one."""
    columns = alt.ExprRef("max(1, floor((width - 50) / 90))")
    return alt.Legend(title="order", orient="top", direction="horizontal", columns=columns, symbolSize=110)
