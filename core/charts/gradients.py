"""Each example's own gradient beside the batch's, which is their mean: how long, and how far they agree."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import haloed, styled


def example_gradients_chart(theme: Theme, *, height: int = 300) -> alt.LayerChart:
    """A circle an example; the mean is a diamond at cosine 1. Left of the rule at 0, an example pulls against it.

    Datasets
        examples    row (int), cosine, length (float)
        mean        cosine, length (float), label (str)
        frame       cosine, length (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    examples, mean, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("examples", "mean", "frame"))
    x, y = alt.X("cosine:Q"), alt.Y("length:Q")
    scale = alt.Scale(nice=False, zero=False)
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X("cosine:Q", scale=scale, axis=alt.Axis(title="cosine with the batch's gradient", tickCount=5)),
        y=alt.Y("length:Q", scale=scale, axis=alt.Axis(title="length of the gradient", tickCount=5)),
    )
    numbers = [alt.Tooltip("cosine:Q", format=".3f"), alt.Tooltip("length:Q", format=".3~g")]
    return styled(
        alt.layer(
            axes,
            frame.mark_rule(color=palette.theory).encode(x=alt.XDatum(0, type="quantitative")),
            examples.mark_circle(size=70, opacity=0.65, color=palette.part).encode(
                x=x, y=y, tooltip=[alt.Tooltip("row:Q"), *numbers]
            ),
            mean.mark_point(
                shape="diamond", size=220, filled=True, opacity=1, color=palette.whole, stroke=palette.background
            ).encode(x=x, y=y, tooltip=[alt.Tooltip("label:N", title="what"), *numbers]),
            *(
                mean.mark_text(align="right", baseline="middle", dx=-12, fontWeight="bold", **look).encode(
                    x=x, y=y, text="label:N"
                )
                for look in haloed(palette)
            ),
        ),
        theme,
        height=height,
    )
