"""Charts on a page: the theme that the visitor has, a spec made once, and tables in the form that the charts take."""

from collections.abc import Callable
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import PICKED, Table, Theme, enlarged, to_spec, with_data
from core.ui.present import presenting

MAX_BINS = 400
LIVE_ALT = "it is being measured; its numbers stand under “The charts in numbers”."  # constant: see `draw`


def theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


def spec_of(make: Callable, *args, **options) -> dict:
    """The spec of a chart as this visitor has it."""
    return made_once(presenting(), make, *args, **options)


@lru_cache(maxsize=200)
def made_once(large: bool, make: Callable, *args, **options) -> dict:
    """The spec of a chart, made once for its arguments."""
    spec = to_spec(make(*args, **options))
    return enlarged(spec) if large else spec


def draw(spec: dict, key: str, alt: str, on_pick: Callable[[dict], None] | None = None, **tables: Table) -> None:
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
    options["height"] = described["height"]  # else its place is as good as none until its code has come
    st.vega_lite_chart(None, described, key=key, width="stretch", **options)


def panel_title(name: str, what: str, color: str) -> None:
    """The heading of a panel: its name behind a patch of its colour, and what there is to know of it."""
    patch = f"display:inline-block;width:.8em;height:.8em;border-radius:2px;background:{color};margin-right:.4em"
    st.html(
        f'<h3 style="font-size:1.1rem;margin:0;padding:0"><span style="{patch}"></span>{escape(name)} '
        f'<span style="font-size:.875rem;font-weight:normal;margin-left:.4em">{escape(what)}</span></h3>'
    )


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
