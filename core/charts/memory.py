"""What a training step holds in memory, part by part."""

import altair as alt

from core.charts.noise import BATCH_SIZE_TITLE
from core.charts.palette import PALETTES, Theme
from core.charts.style import styled

MEMORY_PARTS = ("weights", "gradients", "optimizer", "activations")
PASSING = "temporary"  # what is there for a moment only


def memory_chart(
    sizes: list[int], theme: Theme, *, x_title: str = BATCH_SIZE_TITLE, passing: bool = False, height: int = 320
) -> alt.LayerChart:
    """A bar for each batch size (or another size), its parts one upon the other: those that stay below, those that grow
    on top; with `passing`, also what is there for a moment only.

    Datasets
        memory  batch_size (int), part (str, one of MEMORY_PARTS, or PASSING), megabytes, low, high (float): how
                much, and from where to where it stands
        total   batch_size (int), megabytes (float), label (str)
    """
    palette = PALETTES[theme]
    memory, total = (alt.Chart(alt.NamedData(name=name)) for name in ("memory", "total"))
    x = alt.X(
        "batch_size:O",
        scale=alt.Scale(domain=sorted(sizes), padding=0.3),
        axis=alt.Axis(title=x_title, labelAngle=0),
    )
    color = alt.Color(
        "part:N",
        scale=alt.Scale(
            domain=[*MEMORY_PARTS, *([PASSING] * passing)],
            range=[palette.whole, palette.theory, palette.x, palette.part, f"{palette.part}70"][: 5 if passing else 4],
        ),
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
                    alt.Tooltip("batch_size:O", title=x_title),
                    alt.Tooltip("part:N"),
                    alt.Tooltip("megabytes:Q", title="memory (MB)", format=".3~r"),
                ],
            ),
            total.mark_text(baseline="bottom", dy=-4, color=palette.text).encode(x=x, y="megabytes:Q", text="label:N"),
        ),
        theme,
        height=height,
    )
