"""How much of the text a run has seen, as a strip along the text."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import progress_axis, styled

STRIP_HEIGHT = 40
SEEN_TOP = 1.0
MARK_BOTTOM, MARK_TOP = 1.12, 1.4


def coverage_chart(theme: Theme) -> alt.LayerChart:
    """A bar for each stretch of text, as high as the share seen; a block above where the current batch is.

    Datasets
        bins    start, end (int): the stretch, in tokens; seen (float, 0 to 1); current (bool): the batch
                touches it. At most 400 rows, from the start of the text to its end.
    """
    palette = PALETTES[theme]
    bins = alt.Chart(alt.NamedData(name="bins"))
    x = alt.X(
        "start:Q",
        scale=alt.Scale(zero=False, nice=False),
        axis=progress_axis("position in the text (tokens)"),
    )
    y = alt.Scale(domain=[0, MARK_TOP], nice=False)
    tooltip = [
        alt.Tooltip("start:Q", title="from token", format=","),
        alt.Tooltip("end:Q", title="to token", format=","),
        alt.Tooltip("seen:Q", title="share seen", format=".0%"),
    ]
    top = alt.YDatum(SEEN_TOP, type="quantitative", scale=y, axis=None)
    track = bins.mark_rect(color=palette.grid).encode(x=x, x2="end:Q", y=top, y2=alt.Y2Datum(0), tooltip=tooltip)
    seen = bins.mark_rect(color=palette.theory).encode(
        x=x, x2="end:Q", y=alt.Y("seen:Q", axis=None), y2=alt.Y2Datum(0), tooltip=tooltip
    )
    current = (
        bins.transform_filter("datum.current")
        .mark_rect(color=palette.text)
        .encode(x=x, x2="end:Q", y=alt.YDatum(MARK_TOP, type="quantitative"), y2=alt.Y2Datum(MARK_BOTTOM))
    )
    return styled(alt.layer(track, seen, current), theme, height=STRIP_HEIGHT)
