"""A value for each layer of a model, from the input down to the output, on a logarithmic axis."""

import altair as alt
import pandas as pd

from core.charts.noise import ROUND_LABELS
from core.charts.palette import PALETTES, Theme
from core.charts.style import styled

SHAPES, SIZES = ("circle", "diamond"), (230, 90)  # the second may lie on the first, which shows around it
ROW_HEIGHT, MIN_HEIGHT = 26, 240  # pixels


def layer_chart(theme: Theme, layers: tuple[str, ...], kinds: tuple[str, ...], *, x_title: str) -> alt.LayerChart:
    """A dot for each layer, in the order of `layers` from top to bottom; with two kinds, two shapes and a legend.

    Datasets
        dots    layer (str), value (float, above 0), kind (str)
        frame   value (float): the two ends of the axis
    """
    palette = PALETTES[theme]
    dots, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("dots", "frame"))
    colors = [palette.part, palette.whole][: len(kinds)]
    one_row = alt.Legend(orient="top", direction="horizontal", title=None, symbolSize=130, symbolStrokeWidth=1)
    legend = one_row if len(kinds) > 1 else None
    sizes = alt.Scale(domain=list(kinds), range=list(SIZES))
    size = alt.Size("kind:N", scale=sizes, legend=None) if len(kinds) > 1 else alt.value(110)
    axis = frame.mark_point(opacity=0).encode(
        x=alt.X(
            "value:Q",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(title=x_title, labelExpr=ROUND_LABELS, labelOverlap=True, grid=False),
        )
    )
    points = dots.mark_point(filled=True, opacity=1, stroke=palette.background, strokeWidth=1).encode(
        x="value:Q",
        y=alt.Y(
            "layer:N",
            sort=None,
            scale=alt.Scale(domain=list(layers)),
            axis=alt.Axis(title=None, grid=True, labelOverlap=False, labelLimit=140),
        ),
        size=size,
        color=alt.Color("kind:N", scale=alt.Scale(domain=list(kinds), range=colors), legend=legend),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=list(kinds), range=list(SHAPES[: len(kinds)])), legend=legend),
        tooltip=[
            alt.Tooltip("layer:N"),
            *([alt.Tooltip("kind:N", title="by")] if len(kinds) > 1 else []),
            alt.Tooltip("value:Q", title=x_title, format=".3~g"),
        ],
    )
    return styled(alt.layer(axis, points), theme, height=max(MIN_HEIGHT, ROW_HEIGHT * len(layers)))


def layer_dots(values: dict[str, dict[str, float]]) -> pd.DataFrame:
    """The dataset `dots` of {kind: {layer: value}}; what has no place on a logarithmic axis, as 0, is left out.

    >>> layer_dots({"gradient": {"wte": 0.5, "ln_f": 0.0}}).to_dict("records")
    [{'layer': 'wte', 'value': 0.5, 'kind': 'gradient'}]
    """
    rows = [
        (layer, value, kind)
        for kind, by_layer in values.items()
        for layer, value in by_layer.items()
        if 0 < value < float("inf")
    ]
    return pd.DataFrame(rows, columns=["layer", "value", "kind"])
