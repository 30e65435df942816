"""The training losses of a race: a panel a batch size, or all of them in one picture."""

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.race.envelope import Columns
from core.experiments.race.messages import Started
from core.experiments.race.results import RaceResults
from core.ui.charts import LIVE_ALT, draw, panel_title, spec_of, theme
from core.ui.experiment import View
from core.ui.plots.race import X_FORMATS, X_TITLES, x_end
from core.ui.sentences import jumps_of, panel_sentence

PANELS_IN_A_ROW = 3
FEW_STEPS = 100  # have room for a dot each
GHOST_POINTS = 24  # of each running mean behind a panel

Pick = Callable[[int, float, float], None]


def draw_panels(
    view: View, axis: str, seed: int | None, on_pick: Pick | None = None, sizes: Sequence[int] = (), height: int = 225
) -> None:
    """A panel a batch size, of all of them or of `sizes`, with the same axes: of one run, or of all where `seed` is
    None. `on_pick` gets the batch size, x and the loss of what was clicked."""
    results: RaceResults = view.results
    sizes = sizes or results.batch_sizes
    columns = {b: results.training_columns(axis, b, seed) for b in sizes}
    frame = charts.frame_corners((0.0, x_end(results, axis)), loss_domain(columns.values(), results.started))
    ghosts = {b: ghost_of(b, columns[b]) for b in sizes}
    in_a_row = min(len(sizes), PANELS_IN_A_ROW)
    for first in range(0, len(sizes), in_a_row):
        for place, b in zip(st.columns(in_a_row), sizes[first:], strict=False):
            color = charts.batch_size_color(b, theme())
            spec = spec_of(
                charts.panel_chart,
                color,
                theme(),
                x_title=X_TITLES[axis],
                x_format=X_FORMATS[axis],
                mark=mark_of(results, b, seed),
                pick=on_pick is not None,
                height=height,
            )
            with place.container(gap="xxsmall"):
                panel_title(f"B = {b}", jumps_of(results, b), color)
                draw(
                    spec,
                    f"race_panel_{b}",
                    f"Training loss at B = {b}: {LIVE_ALT}" if view.live else panel_sentence(results, b, columns[b]),
                    partial(pick_in_panel, on_pick, b) if on_pick else None,
                    columns=columns[b],
                    ghosts=ghosts_behind(b, ghosts),
                    frame=frame,
                )


def mark_of(results: RaceResults, batch_size: int, seed: int | None) -> str:
    """What shows each loss best: bars where a column holds several, dots where there are few."""
    if seed is None or results.envelopes[batch_size].width > 1:
        return "bars"
    return "dots" if results.num_steps(batch_size) <= FEW_STEPS else "line"


def pick_in_panel(on_pick: Pick, batch_size: int, point: dict) -> None:
    on_pick(batch_size, point["x"], point["loss"])


def draw_overlay(view: View, axis: str, seed: int | None) -> None:
    """All batch sizes in one picture, the noisiest behind."""
    results: RaceResults = view.results
    columns = {b: results.training_columns(axis, b, seed) for b in results.batch_sizes}
    y = loss_domain(columns.values(), results.started)
    together = stacked(columns.values())
    together["batch_size"] = np.repeat(list(columns), [len(each["x"]) for each in columns.values()])
    sentence = " ".join(panel_sentence(results, b, each) for b, each in columns.items())
    spec = spec_of(charts.overlay_chart, results.batch_sizes, theme(), x_title=X_TITLES[axis], x_format=X_FORMATS[axis])
    draw(
        spec,
        "race_overlay",
        f"Training loss: {LIVE_ALT}" if view.live else sentence,
        columns=together,
        ends=charts.end_labels(pd.DataFrame(together), y),
        frame=charts.frame_corners((0.0, x_end(results, axis)), y),
    )


def loss_domain(columns: Iterable[Columns], started: Started | None = None) -> charts.Domain:
    """One axis for all panels; it begins at the loss of a uniform guess, ln V."""
    heights = [math.log(started.vocab_size)] if started else []
    heights += [bound for each in columns if len(each["x"]) for bound in (each["low"].min(), each["high"].max())]
    return charts.round_domain(min(heights), max(heights)) if heights else (0.0, 4.5)


def ghost_of(line: int, columns: Columns) -> Columns:
    """x, mean, line: a running mean as it stands behind the others, in a few points."""
    thin = slice(None, None, max(1, len(columns["x"]) // GHOST_POINTS))
    x, mean = columns["x"][thin], columns["mean"][thin]
    return {"x": x, "mean": mean, "line": np.full(len(x), line)}


def ghosts_behind(key: Hashable, ghosts: Mapping[Any, Columns]) -> Columns:
    """Those of all other panels, one under another."""
    return stacked([ghost for each, ghost in ghosts.items() if each != key])


def stacked(tables: Collection[Columns]) -> Columns:
    """Tables of the same columns, one under another."""
    names = next(iter(tables), {})
    return {name: np.concatenate([table[name] for table in tables]) for name in names}
