"""What all charts have in common: type, axes, grid and the legend of batch sizes."""

import altair as alt

from core.charts.palette import PALETTES, Palette, Theme, batch_size_colors

FONT_SIZE = 14
TITLE_SIZE = 15
AXIS_HEIGHT = 62  # of an axis with its title, and the padding
LARGE_FONT_SIZE, LARGE_HEIGHT = 22, 1.5  # of a projector; the height as a multiple
LARGE_MARKS = {"size": 2.2, "strokeWidth": 1.4}  # the same of points and lines
EXACT_FORMAT = ",.6~r"
FEW_TICKS = alt.ExprRef("max(3, floor(width / 110))")


def styled(chart: alt.LayerChart | alt.FacetChart, theme: Theme, *, height: int) -> alt.LayerChart:
    """The chart as wide as its place, in the colours of the theme; `height` is about the plot's, without its axes. All
    of it is fitted into that and the axes' height, so that full screen shows the axes too; facets cannot be fitted.

    Renderer and aria are named here because Streamlit otherwise changes them when the data grows past 2,000
    and 5,000 rows, and so redraws the chart from nothing. Marks are not read aloud: `alt` speaks for all.
    """
    palette, facets = PALETTES[theme], isinstance(chart, alt.FacetChart)
    return chart.properties(
        width="container",
        height=height if facets else height + AXIS_HEIGHT,
        autosize=alt.AutoSizeParams(type="fit-x" if facets else "fit", contains="padding"),
        background="transparent",
        padding={"left": 4, "top": 4, "right": 30, "bottom": 8},
        usermeta={"embedOptions": {"renderer": "svg"}},
    ).configure(
        axis=alt.AxisConfig(
            **_type(palette),
            gridColor=palette.grid,
            domainColor=palette.theory,
            tickColor=palette.theory,
            labelPadding=6,
            labelOverlap=True,
            titlePadding=8,
        ),
        legend=alt.LegendConfig(
            **_type(palette),
            titleOrient="left",
            titlePadding=12,
            offset=8,
            symbolOpacity=1,
            symbolSize=100,
            labelLimit=0,  # none is cut off
            rowPadding=4,
            columnPadding=16,
        ),
        text=alt.MarkConfig(fontSize=FONT_SIZE),
        mark=alt.MarkConfig(aria=False, tooltip=None),
        view=alt.ViewConfig(stroke=None),
    )


def _type(palette: Palette) -> dict:
    """How axes and legends are written."""
    return {
        "labelColor": palette.text,
        "labelFontSize": FONT_SIZE,
        "titleColor": palette.text,
        "titleFontSize": TITLE_SIZE,
        "titleFontWeight": "normal",
    }


def enlarged(spec: dict) -> dict:
    """The spec of a chart as a projector shows it: what it writes and draws can be seen from the last row, and it is
    higher."""
    config = {
        part: {name: LARGE_FONT_SIZE if name.endswith("ontSize") else value for name, value in style.items()}
        for part, style in spec["config"].items()
    }
    config["legend"]["symbolSize"] *= LARGE_MARKS["size"]
    larger = {"layer": [_enlarged_layer(layer) for layer in spec["layer"]]} if "layer" in spec else {}
    return spec | larger | {"config": config, "height": round(LARGE_HEIGHT * spec["height"])}


def _enlarged_layer(layer: dict) -> dict:
    """Points and lines; what a bar's width stands for stays as it is."""
    mark = layer["mark"]
    if mark["type"] not in ("point", "circle", "line"):
        return layer
    larger = {name: factor * mark[name] for name, factor in LARGE_MARKS.items() if name in mark}
    return layer | {"mark": mark | larger}


def haloed(palette: Palette) -> tuple[dict, dict]:
    """Two looks of a text, one over the other: it can be read on top of what it overlaps."""
    halo = {"stroke": palette.background, "strokeWidth": 4, "color": palette.background}
    return halo, {"color": palette.text}


def names_at_ends(palette: Palette, x: str, y: str) -> list[alt.Chart]:
    """Layers that name each line at its end, for hues may be near. The dataset `ends`: x, y (float), label (str)."""
    ends = alt.Chart(alt.NamedData(name="ends"))
    return [
        ends.mark_text(align="left", dx=8, **look).encode(x=alt.X(f"{x}:Q"), y=alt.Y(f"{y}:Q"), text="label:N")
        for look in haloed(palette)
    ]


def batch_size_scale(batch_sizes: list[int], theme: Theme) -> alt.Scale:
    ascending = sorted(batch_sizes)
    return alt.Scale(domain=ascending, range=batch_size_colors(ascending, theme))


def batch_size_legend() -> alt.Legend:
    """A row of swatches above the chart, broken into more rows where it is narrow."""
    return alt.Legend(
        title="batch size",
        orient="top",
        direction="horizontal",
        columns=alt.ExprRef("max(2, floor((width - 70) / 56))"),
        symbolType="stroke",
        symbolSize=400,
        symbolStrokeWidth=5,
    )


def frame_of(x_axis: alt.Axis, y_axis: alt.Axis) -> alt.Chart:
    """The layer that holds the axes of a chart, by the two corners in its dataset `frame`."""
    scale = alt.Scale(zero=False, nice=False)
    corners = alt.Chart(alt.NamedData(name="frame")).mark_point(opacity=0)
    return corners.encode(x=alt.X("x:Q", scale=scale, axis=x_axis), y=alt.Y("y:Q", scale=scale, axis=y_axis))


def progress_axis(title: str, number_format: str = "~s") -> alt.Axis:
    """A horizontal axis of tokens, steps or seconds: as many ticks as have room, 0 written as 0."""
    return alt.Axis(title=title, labelExpr=f"format(datum.value, '{number_format}')", grid=False, tickCount=FEW_TICKS)


def labels_beside(mark: alt.Chart, palette: Palette) -> list[alt.Chart]:
    """The label (str) of a rule at x, at the top, on the side that has more room."""
    in_left_half = "scale('x', datum.x) < width / 2"
    return [
        mark.mark_text(
            fontWeight="bold",
            baseline="top",
            align=alt.ExprRef(f"{in_left_half} ? 'left' : 'right'"),
            dx=alt.ExprRef(f"{in_left_half} ? 7 : -7"),
            **look,
        ).encode(x="x:Q", y=alt.value(2), text="label:N")
        for look in haloed(palette)
    ]
