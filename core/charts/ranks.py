"""What the time of a data parallel step goes to, rank by rank; and a pipeline's timetable."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import styled

STAGES_OF_TIME = ("compute", "wait for the slowest", "exchange")


def rank_times_chart(theme: Theme, num_ranks: int, *, height: int | None = None) -> alt.LayerChart:
    """A bar for each rank, its parts one after the other.

    Datasets
        times  rank (int), stage (str, one of STAGES_OF_TIME), milliseconds, low, high (float): how much, and from where
               to where it stands
    """
    palette = PALETTES[theme]
    times = alt.Chart(alt.NamedData(name="times"))
    bars = times.mark_bar().encode(
        y=alt.Y("rank:O", scale=alt.Scale(domain=list(range(num_ranks)), padding=0.3), axis=alt.Axis(title="rank")),
        x=alt.X("low:Q", axis=alt.Axis(title="milliseconds of one step", tickCount=5, grid=False)),
        x2="high:Q",
        color=alt.Color(
            "stage:N",
            scale=alt.Scale(domain=list(STAGES_OF_TIME), range=[palette.part, palette.theory, palette.y]),
            legend=alt.Legend(title=None, orient="top", columns=alt.ExprRef("max(1, floor(width / 150))")),
        ),
        tooltip=[
            alt.Tooltip("rank:O"),
            alt.Tooltip("stage:N"),
            alt.Tooltip("milliseconds:Q", title="milliseconds", format=".3~r"),
        ],
    )
    return styled(alt.layer(bars), theme, height=height or 60 + 40 * num_ranks)


def pipeline_chart(theme: Theme, num_stages: int) -> alt.LayerChart:
    """The timetable of a pipeline: a row for each stage, a cell for each slot of time that it works in.

    Datasets
        slots  slot, stage (int), micro_batch (int), direction (str, "forward" or "backward"), end (int): slot + 1
    """
    palette = PALETTES[theme]
    slots = alt.Chart(alt.NamedData(name="slots"))
    x = alt.X("slot:Q", axis=alt.Axis(title="slots of time", tickMinStep=1, grid=False), scale=alt.Scale(nice=False))
    y = alt.Y(
        "stage:O", scale=alt.Scale(domain=list(range(1, num_stages + 1)), padding=0.08), axis=alt.Axis(title="device")
    )
    color = alt.Color(
        "direction:N",
        scale=alt.Scale(domain=["forward", "backward"], range=[palette.x, palette.y]),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", symbolType="square"),
    )
    cells = slots.mark_bar(stroke=palette.background).encode(
        x=x,
        x2="end:Q",
        y=y,
        color=color,
        tooltip=[
            alt.Tooltip("stage:O", title="device"),
            alt.Tooltip("micro_batch:O", title="micro-batch"),
            "direction:N",
        ],
    )
    names = (
        slots.transform_calculate(middle="datum.slot + 0.5")
        .mark_text(color=palette.background)
        .encode(x=alt.X("middle:Q"), y=y, text="micro_batch:O")
    )
    return styled(alt.layer(cells, names), theme, height=60 + 40 * num_stages)
