"""Charts on a page: the theme that the visitor has, a spec made once, and tables in the form that the charts take."""

import html
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import PICKED, Theme, to_spec, with_data

MAX_BINS = 400
LIVE_ALT = "it is being measured; its numbers stand under “The charts in numbers”."  # constant: see `draw`


def theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


@lru_cache(maxsize=200)
def spec_of(make: Callable, *args, **options) -> dict:
    """The spec of a chart, made once for its arguments."""
    return to_spec(make(*args, **options))


def draw(spec: dict, key: str, alt: str, on_pick: Callable[[dict], None] | None = None, **tables: pd.DataFrame) -> None:
    """Draw a chart with new data. While it lives, `alt` must stay the same too: with another one, Streamlit puts the
    chart on the page anew instead of passing it the data. It goes into the spec, for Streamlit's own `alt` is read out
    once more with each of the four buttons over a chart. `on_pick` gets the fields of a point that was clicked, on a
    chart that was made with `pick`."""
    options: dict[str, Any] = {}
    if on_pick:

        def taken() -> None:
            if points := st.session_state[key].selection[PICKED]:
                on_pick(points[0])

        options = {"on_select": taken, "selection_mode": PICKED}
    described = with_data(spec, **tables) | {"description": alt}
    st.vega_lite_chart(None, described, key=key, width="stretch", **options)


def above_chart(text: str) -> None:
    """What stands above a chart, "**Its title**, and the rest.": the title becomes a heading, and the rest runs on."""
    title, rest = (html.escape(part) for part in text.removeprefix("**").split("**", 1))
    st.html(f'<div class="above-chart"><h4>{title}</h4>{rest}</div>')


def coverage_bins(seen: np.ndarray, now: np.ndarray) -> pd.DataFrame:
    """Two masks over the tokens of a text (N,) as the table of `coverage_chart`: at most 400 stretches."""
    edges = np.linspace(0, len(seen), min(MAX_BINS, len(seen)) + 1).astype(int)
    lengths = np.diff(edges)
    return pd.DataFrame(
        {
            "start": edges[:-1],
            "end": edges[1:],
            "seen": np.add.reduceat(seen, edges[:-1], dtype=float) / lengths,
            "current": np.add.reduceat(now, edges[:-1], dtype=int) > 0,
        }
    )
