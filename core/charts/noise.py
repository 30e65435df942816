"""How the spread of the loss falls with the batch size, on two logarithmic axes."""

import altair as alt

from core.charts.palette import PALETTES, Theme
from core.charts.style import batch_size_scale, haloed, styled

BATCH_SIZE_TITLE = "batch size (windows a step)"
NOISE_TITLE = "loss noise, standard deviation (nats)"
ROUND_LABELS = (
    "indexof([1, 2, 5], round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)))) < 0"
    " ? '' : format(datum.value, '.3~r')"
)


def noise_chart(
    batch_sizes: list[int],
    theme: Theme,
    *,
    x_title: str = BATCH_SIZE_TITLE,
    y_title: str = NOISE_TITLE,
    interval: str = "95% interval",
    distinct: bool = False,
    numbers: bool = False,
    label_below: bool = False,
    height: int = 320,
) -> alt.LayerChart:
    """A point and its interval for each batch size. The x axis names the colours, so there is no legend. `distinct`
    adds rings, for batches that were drawn in another way; `numbers` writes each value beside its point, and draws a
    hollow mark for a batch size that has none; `label_below` puts a line's label under it, where the line rises.

    Datasets
        noise     batch_size (int), sigma, low, high (float, above 0)
        theory    batch_size (int or float), sigma (float), label (str), and where there is more than one line, line
                  (str): two rows or more make a line; a label stands right of its row, "" for none
        distinct  as noise; only if asked for
        unknown   batch_size (int), sigma (float: where its mark stands), label (str: why); only with `numbers`
        frame     batch_size, sigma (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    noise, theory, rings, unknown, frame = (
        alt.Chart(alt.NamedData(name=name)) for name in ("noise", "theory", "distinct", "unknown", "frame")
    )
    x, y = alt.X("batch_size:Q"), alt.Y("sigma:Q")
    color = alt.Color("batch_size:O", scale=batch_size_scale(batch_sizes, theme), legend=None)
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X(
            "batch_size:Q",
            scale=alt.Scale(type="log", base=2, nice=False),
            axis=alt.Axis(title=x_title, values=sorted(batch_sizes), format="d", grid=False),
        ),
        y=alt.Y(
            "sigma:Q",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(title=y_title, labelExpr=ROUND_LABELS, labelOverlap=False),
        ),
    )
    tooltip = [
        alt.Tooltip("sigma:Q", title=y_title, format=".3~r"),
        alt.Tooltip("low:Q", title=f"{interval} from", format=".3~r"),
        alt.Tooltip("high:Q", title=f"{interval} to", format=".3~r"),
        alt.Tooltip("batch_size:Q", title="batch size"),
    ]
    place: dict = {"baseline": "top", "dx": 8, "dy": 8} if label_below else {"baseline": "bottom", "dx": 4, "dy": -4}
    looks, of_point = haloed(palette), alt.Text("sigma:Q", format=".2~r")
    values = [
        unknown.mark_point(size=130, strokeWidth=2, filled=False).encode(x=x, y=y, color=color),
        *(unknown.mark_text(align="right", dx=-11, **look).encode(x=x, y=y, text="label:N") for look in looks),
        *(noise.mark_text(align="left", dx=11, **look).encode(x=x, y=y, text=of_point) for look in looks),
    ]
    return styled(
        alt.layer(
            theory.mark_line(color=palette.theory, strokeWidth=1.5, strokeDash=[4, 4]).encode(
                x=x, y=y, detail="line:N"
            ),
            noise.mark_rule(strokeWidth=2.5).encode(x=x, y="low:Q", y2="high:Q", color=color, tooltip=tooltip),
            noise.mark_circle(size=110, opacity=1).encode(x=x, y=y, color=color, tooltip=tooltip),
            *([rings.mark_point(size=260, strokeWidth=2).encode(x=x, y=y, color=color, tooltip=tooltip)] * distinct),
            *(theory.mark_text(align="left", **place, **look).encode(x=x, y=y, text="label:N") for look in looks),
            *(values * numbers),
            axes,
        ),
        theme,
        height=height,
    )
