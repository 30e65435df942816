"""Validation loss against progress: a thin line a seed, a thick one for their mean. Computes no mean, no interval."""

import altair as alt
import numpy as np
import pandas as pd

from core.charts.domains import Domain
from core.charts.palette import PALETTES, Theme
from core.charts.style import EXACT_FORMAT, batch_size_legend, batch_size_scale, frame_of, progress_axis, styled

LOSS_TITLE = "validation loss (nats per token)"
MIN_LABEL_GAP = 0.055


def loss_chart(
    batch_sizes: list[int], theme: Theme, *, x_title: str = "tokens seen", x_format: str = "~s", height: int = 280
) -> alt.LayerChart:
    """Validation loss of several batch sizes; floats and integers of any width will do.

    Datasets
        lines   x, loss (float), batch_size, seed (int): one row a validation, in the order of x within a run
        mean    x, mean, low, high (float), batch_size (int): the mean of the seeds, its interval
        ends    x, y (float), label (str): what stands at the end of a line; see `end_labels`
        rules   y (float), label (str), below (bool): a reference line, its label above it or below
        frame   x, y (float): two corners that hold the axes; see `frame_corners`

    `x_format` is the d3 format of the x axis: "~s" for tokens and steps (200k), "~g" for seconds.
    """
    palette = PALETTES[theme]
    x, batch_size = alt.X("x:Q"), alt.Color("batch_size:O")
    lines, mean, rules = (alt.Chart(alt.NamedData(name=name)) for name in ("lines", "mean", "rules"))
    tooltip = [
        alt.Tooltip("x:Q", title=x_title, format=EXACT_FORMAT),
        alt.Tooltip("batch_size:O", title="batch size"),
    ]
    loss_of_seed = [alt.Tooltip("loss:Q", title=LOSS_TITLE, format=".3f"), alt.Tooltip("seed:O"), *tooltip]
    loss_of_all = [
        alt.Tooltip("mean:Q", title=f"mean of the seeds, {LOSS_TITLE}", format=".3f"),
        alt.Tooltip("low:Q", title="interval from", format=".3f"),
        alt.Tooltip("high:Q", title="interval to", format=".3f"),
        *tooltip,
    ]
    return styled(
        alt.layer(
            mean.mark_area(opacity=0.16).encode(x=x, y="low:Q", y2="high:Q", color=batch_size),
            lines.mark_line(strokeWidth=1.1, opacity=0.6).encode(x=x, y="loss:Q", color=batch_size, detail="seed:O"),
            mean.mark_line(strokeWidth=2.8).encode(
                x=x,
                y="mean:Q",
                color=alt.Color("batch_size:O", scale=batch_size_scale(batch_sizes, theme), legend=batch_size_legend()),
            ),
            rules.mark_rule(color=palette.theory, strokeDash=[3, 3]).encode(y="y:Q"),
            rules.mark_text(
                color=palette.theory,
                align="right",
                dy=alt.ExprRef("datum.below ? 4 : -4"),
                baseline=alt.ExprRef("datum.below ? 'top' : 'bottom'"),
            ).encode(x=alt.value("width"), y="y:Q", text="label:N"),
            mean.mark_circle(size=100, opacity=0).encode(x=x, y="mean:Q", tooltip=loss_of_all),
            lines.mark_circle(size=36, opacity=0.75).encode(x=x, y="loss:Q", color=batch_size, tooltip=loss_of_seed),
            alt.Chart(alt.NamedData(name="ends"))
            .mark_text(align="left", dx=5, color=palette.text)
            .encode(x=x, y="y:Q", text="label:N"),
            frame_of(progress_axis(x_title, x_format), alt.Axis(title=LOSS_TITLE, tickCount=6)),
        ),
        theme,
        height=height,
    )


def last_points(mean: pd.DataFrame) -> list[dict]:
    """The last row with a value of each line in the dataset `mean`, by batch size. Asked for at every tick."""
    columns = {name: mean[name].to_numpy() for name in ("x", "mean", "low", "high", "batch_size") if name in mean}
    known = np.isfinite(columns["mean"].astype(float))
    last = {b: i for i, b in enumerate(columns["batch_size"]) if known[i]}
    return [{name: values[i].item() for name, values in columns.items()} for _, i in sorted(last.items())]


def end_labels(mean: pd.DataFrame, y_domain: Domain) -> pd.DataFrame:
    """The batch size of each line, at its last point, moved apart where two would overlap."""
    last = sorted(last_points(mean), key=lambda point: point["mean"])
    heights = _spread(np.array([point["mean"] for point in last]), MIN_LABEL_GAP * (y_domain[1] - y_domain[0]))
    labels = np.array([str(point["batch_size"]) for point in last], dtype=object)
    return pd.DataFrame({"x": [float(point["x"]) for point in last], "y": heights, "label": labels})


def _spread(ascending: np.ndarray, gap: float) -> np.ndarray:
    """The nearest positions, in least squares, that keep their order and are at least `gap` apart."""
    offsets = gap * np.arange(len(ascending))
    blocks: list[list[float]] = []  # neighbours that touch move as one, by the mean of what they want
    for wanted in ascending - offsets:
        blocks.append([wanted])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            block = blocks.pop()
            blocks[-1] += block
    return offsets + np.array([np.mean(block) for block in blocks for _ in block])
