"""Who looks at whom in one row: a picture of an attention mask."""

from typing import Any

import altair as alt

from core.charts.numbers import counted
from core.charts.palette import PALETTES, Theme
from core.charts.style import FEW_TICKS, haloed, styled

OWN, OTHERS = "at its own document", "at other documents"


def attention_chart(theme: Theme) -> alt.LayerChart:
    """A line for each slot that looks, from the top; along it, the slots that it looks at. What is blank is masked.

    Datasets
        looks   query (int), first, last (int: slots looked at, the last one included), kind (str: OWN or OTHERS)
        edges   slot (int): where a document ends and the next begins
        names   middle (float), label (str): of the documents that are large enough for one
        frame   x, y (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    looks, edges, names, frame = (alt.Chart(alt.NamedData(name=n)) for n in ("looks", "edges", "names", "frame"))
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=FEW_TICKS, grid=False)
    x = alt.X("x:Q", scale=alt.Scale(nice=False), axis=axis, title="slot that is looked at")
    y = alt.Y("y:Q", scale=alt.Scale(nice=False, reverse=True), axis=axis, title="slot that looks")
    kinds = alt.Scale(domain=[OWN, OTHERS], range=[palette.part, palette.y])
    color = alt.Color(
        "kind:N", scale=kinds, legend=alt.Legend(title=None, orient="top", columns=1, symbolType="square")
    )
    seams = alt.Stroke("kind:N", scale=kinds, legend=None)  # none should be seen between lines that touch
    squares = looks.transform_calculate(end="datum.last + 1", below="datum.query + 1")
    tooltip = [
        alt.Tooltip("query:Q", title="slot"),
        alt.Tooltip("first:Q", title="looks from"),
        alt.Tooltip("last:Q", title="to"),
        alt.Tooltip("kind:N", title="what"),
    ]
    rule: dict[str, Any] = {"color": palette.theory, "strokeDash": [3, 3], "opacity": 0.8}
    return styled(
        alt.layer(
            frame.mark_point(opacity=0).encode(x=x, y=y),
            squares.mark_rect(strokeWidth=1).encode(
                x="first:Q", x2="end:Q", y="query:Q", y2="below:Q", color=color, stroke=seams, tooltip=tooltip
            ),
            edges.mark_rule(**rule).encode(x="slot:Q"),
            edges.mark_rule(**rule).encode(y="slot:Q"),
            *(
                names.mark_text(align="left", dx=8, dy=-8, **look).encode(x="middle:Q", y="middle:Q", text="label:N")
                for look in haloed(palette)
            ),
        ),
        theme,
        height=300,
    )


def describe_attention(lengths: list[int], masked: bool) -> str:
    """What the picture shows, from the lengths of a row's documents.

    >>> row, pairs = describe_attention([3, 2, 1], masked=True).split(". ")
    >>> row
    'A row with 3 documents, of 3, 2 and 1 tokens'
    >>> pairs
    'Each slot looks at its own document up to itself: 10 of 21 pairs of slots.'
    """
    total = sum(lengths)
    own, every = sum(n * (n + 1) // 2 for n in lengths), total * (total + 1) // 2
    *others, last = map(str, lengths)
    each = " and ".join(filter(None, [", ".join(others), last]))
    row = f"A row with {counted(len(lengths), 'document')}, of {each} tokens."
    if masked:
        return f"{row} Each slot looks at its own document up to itself: {own:,} of {every:,} pairs of slots."
    return f"{row} Each slot looks at all before it: {every:,} pairs of slots, {every - own:,} across documents."
