"""How far the validation loss lies above the training loss, against the training loss itself."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import EXACT_FORMAT, batch_size_legend, batch_size_scale, styled


def gap_chart(batch_sizes: list[int], theme: Theme, *, height: int = 320) -> alt.LayerChart:
    """A thin line a run, from the beginning of its training on the left; the training loss falls to the right.

    Datasets
        gaps    order (int), train, gap (float, nats), batch_size, seed, tokens (int): one row an evaluation
        equal   train (float), label (str): the training loss at which the batch sizes are compared
        frame   train, gap (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    gaps, equal, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("gaps", "equal", "frame"))
    x, y = alt.X("train:Q"), alt.Y("gap:Q")
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X(
            "train:Q",
            scale=alt.Scale(reverse=True, zero=False, nice=False),
            axis=alt.Axis(title="training loss (nats per token), falling", grid=False, tickCount=6),
        ),
        y=alt.Y(
            "gap:Q",
            scale=alt.Scale(zero=False, nice=False),
            axis=alt.Axis(title="validation minus training (nats)", tickCount=6),
        ),
    )
    color = alt.Color("batch_size:O", scale=batch_size_scale(batch_sizes, theme), legend=batch_size_legend())
    tooltip = [
        alt.Tooltip("batch_size:O", title="batch size"),
        alt.Tooltip("seed:O"),
        alt.Tooltip("train:Q", title="training loss", format=".3f"),
        alt.Tooltip("gap:Q", title="validation minus training", format=".3f"),
        alt.Tooltip("tokens:Q", title="tokens seen", format=EXACT_FORMAT),
    ]
    return styled(
        alt.layer(
            axes,
            equal.mark_rule(color=palette.theory, strokeDash=[4, 4]).encode(x=x),
            equal.mark_text(color=palette.theory, align="right", baseline="top", dx=-4, dy=2).encode(
                x=x, y=alt.value(0), text="label:N"
            ),
            gaps.mark_line(strokeWidth=1.8, opacity=0.8).encode(
                x=x, y=y, color=color, detail="seed:O", order="order:Q"
            ),
            gaps.mark_circle(size=60, opacity=0).encode(x=x, y=y, tooltip=tooltip),
        ),
        theme,
        height=height,
    )
