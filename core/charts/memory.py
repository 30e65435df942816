"""What a training step holds in memory, part by part."""

import altair as alt

from core.charts.noise import BATCH_SIZE_TITLE
from core.charts.palette import PALETTES, Theme
from core.charts.style import styled

MEMORY_PARTS = ("weights", "gradients", "optimizer", "activations")


def memory_chart(batch_sizes: list[int], theme: Theme, *, height: int = 320) -> alt.LayerChart:
    """A bar for each batch size, its parts one upon the other: those that stay below, the one that grows on top.

    Datasets
        memory  batch_size (int), part (str, one of MEMORY_PARTS), megabytes, low, high (float): how
                much, and from where to where it stands
        total   batch_size (int), megabytes (float), label (str)
    """
    palette = PALETTES[theme]
    memory, total = (alt.Chart(alt.NamedData(name=name)) for name in ("memory", "total"))
    x = alt.X(
        "batch_size:O",
        scale=alt.Scale(domain=sorted(batch_sizes), padding=0.3),
        axis=alt.Axis(title=BATCH_SIZE_TITLE, labelAngle=0),
    )
    color = alt.Color(
        "part:N",
        scale=alt.Scale(domain=list(MEMORY_PARTS), range=[palette.whole, palette.theory, palette.x, palette.part]),
        legend=alt.Legend(
            title=None,
            orient="top",
            direction="horizontal",
            symbolType="square",
            columns=alt.ExprRef("max(2, floor(width / 110))"),
        ),
    )
    return styled(
        alt.layer(
            memory.mark_bar().encode(
                x=x,
                y=alt.Y("low:Q", axis=alt.Axis(title="memory (MB)", tickCount=6), scale=alt.Scale(nice=True)),
                y2="high:Q",
                color=color,
                tooltip=[
                    alt.Tooltip("batch_size:O", title="batch size"),
                    alt.Tooltip("part:N"),
                    alt.Tooltip("megabytes:Q", title="memory (MB)", format=".3~r"),
                ],
            ),
            total.mark_text(baseline="bottom", dy=-4, color=palette.text).encode(x=x, y="megabytes:Q", text="label:N"),
        ),
        theme,
        height=height,
    )
