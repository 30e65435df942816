"""What a class has answered: numbers as dots, or options as bars; and what was measured beside them."""

import math

import altair as alt
import numpy as np
import pandas as pd

from core.charts.palette import PALETTES, Theme
from core.charts.style import FEW_TICKS, labels_beside, styled

NUM_PLACES = 25  # for answers of about the same size, to stand on top of each other


def answers_chart(theme: Theme, *, x_title: str, powers: tuple[float, ...] = (), height: int = 200) -> alt.LayerChart:
    """A dot an answer; on a logarithmic axis, where the powers of two on it are given. Where something was measured: a
    rule, a band for its interval, and a label.

    Datasets
        band    low, high (float)
        dots    x, y (float): see `answer_dots`
        mark    x (float), label (str)
        frame   x, y (float): two corners that hold the axes; see `frame_corners`
    """
    palette = PALETTES[theme]
    band, dots, mark, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("band", "dots", "mark", "frame"))
    base: dict = {"type": "log", "base": 2} if powers else {}
    ticks: dict = {"values": list(powers)} if powers else {"tickCount": FEW_TICKS}  # a wide one would have 5, 10, 15
    axes = frame.mark_point(opacity=0).encode(
        x=alt.X(
            "x:Q",
            scale=alt.Scale(nice=False, zero=False, **base),
            axis=alt.Axis(title=x_title, format="~r", grid=False, **ticks),
        ),
        y=alt.Y(
            "y:Q", scale=alt.Scale(nice=False, zero=False), axis=alt.Axis(title="answers", tickMinStep=1, format="d")
        ),
    )
    return styled(
        alt.layer(
            axes,
            band.mark_rect(color=palette.theory, opacity=0.3).encode(x="low:Q", x2="high:Q"),
            dots.mark_circle(color=palette.part, opacity=1, size=200, stroke=palette.background, strokeWidth=1).encode(
                x="x:Q", y="y:Q"
            ),
            mark.mark_rule(color=palette.whole, strokeWidth=3).encode(x="x:Q"),
            *labels_beside(mark, palette),
        ),
        theme,
        height=height,
    )


def answer_dots(values: np.ndarray, low: float, high: float, log: bool = False) -> pd.DataFrame:
    """The dataset `dots`: answers between low and high, those of about the same size on top of each other.

    >>> answer_dots(np.array([4.0, 4.0, 64.0]), 1, 64, log=True)["y"].tolist()
    [0.5, 1.5, 0.5]
    """
    values = np.sort(np.asarray(values, dtype=float))
    values = values[(values >= low) & (values <= high)]
    along = np.log(values / low) / math.log(high / low) if log else (values - low) / (high - low)
    places = np.round(along * (NUM_PLACES - 1)).astype(int)
    counts = pd.Series(places).groupby(places).cumcount()
    centres = places / (NUM_PLACES - 1)
    x = low * (high / low) ** centres if log else low + centres * (high - low)
    return pd.DataFrame({"x": x, "y": counts.to_numpy() + 0.5})


def powers_of_two(low: float, high: float) -> tuple[float, ...]:
    """
    >>> powers_of_two(0.5, 4), powers_of_two(3, 9)
    ((0.5, 1.0, 2.0, 4.0), (4.0, 8.0))
    """
    return tuple(2.0**power for power in range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1))


def options_chart(theme: Theme, *, num_options: int) -> alt.LayerChart:
    """A bar an option, its text above it; that which the measurement speaks for is filled with another colour.

    Datasets
        options  place (int, from 0), text (str), count (int), right (bool)
        frame    x (float): 0 and the largest count
    """
    palette = PALETTES[theme]
    options, frame = (alt.Chart(alt.NamedData(name=name)) for name in ("options", "frame"))
    y = alt.Y("place:O", axis=None, scale=alt.Scale(paddingInner=0.55, paddingOuter=0.3))
    x_axis = alt.Axis(title="answers", tickMinStep=1, format="d", grid=False)
    color = alt.condition("datum.right", alt.value(palette.whole), alt.value(palette.part))
    return styled(
        alt.layer(
            frame.mark_point(opacity=0).encode(x=alt.X("x:Q", scale=alt.Scale(nice=False, zero=True), axis=x_axis)),
            options.mark_bar().encode(x="count:Q", y=y, color=color),
            options.mark_text(align="left", baseline="bottom", dy=-16, color=palette.text).encode(
                x=alt.value(2), y=y, text="text:N"
            ),
            options.mark_text(align="left", dx=6, color=palette.text, fontWeight="bold").encode(
                x="count:Q", y=y, text="count:Q"
            ),
        ),
        theme,
        height=58 * num_options,
    )
