"""A chart's constant spec, and the data that goes with it. Nothing here knows what a chart shows."""

from typing import Any, TypeAlias

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

Table: TypeAlias = pd.DataFrame | dict[str, np.ndarray]
INTEGERS = (np.int8, np.int16, np.int32, np.int64)


def to_spec(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    """The chart as a Vega-Lite dict without data. It takes milliseconds: once a chart, not once an update."""
    spec = chart.to_dict()
    spec.pop("datasets", None)
    return spec


def with_data(spec: dict[str, Any], **frames: Table) -> dict[str, Any]:
    """The spec with its named datasets, each as small as it can travel; a dataset not given is sent empty.

    The names always go in the same order, and `spec` is left as it was.
    """
    names = dataset_names(spec)
    if unknown := set(frames) - set(names):
        raise ValueError(f"This chart has the datasets {', '.join(names)}, not {', '.join(sorted(unknown))}.")
    return spec | {"datasets": {name: compact(frames.get(name, {})) for name in names}}


def dataset_names(spec: dict[str, Any]) -> list[str]:
    """The names of the data that a chart waits for, in the order of its layers."""
    views = [spec, *spec.get("layer", [])]
    return list(dict.fromkeys(view["data"]["name"] for view in views if "name" in view.get("data", {})))


def compact(table: Table) -> pa.Table:
    """The columns of a table as Arrow: four bytes a float, and as few as hold its values an integer. No index.

    Arrow by hand, for pandas would send a kilobyte of its own metadata with every table, and take a millisecond.
    """
    return pa.table({name: _as_arrow(np.asarray(column)) for name, column in table.items()})


def _as_arrow(values: np.ndarray) -> pa.Array:
    """A number that is not finite is missing: JSON, in which a chart gets its data at last, knows no such number."""
    if values.dtype.kind != "f":
        return pa.array(_smallest(values))
    with np.errstate(over="ignore"):  # beyond single precision it is infinite
        values = values.astype(np.float32)
    return pa.array(values, mask=~np.isfinite(values))


def _smallest(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "i" and len(values):
        low, high = values.min(), values.max()
        return values.astype(next(t for t in INTEGERS if np.iinfo(t).min <= low and high <= np.iinfo(t).max))
    return values
