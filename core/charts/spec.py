"""A chart's constant spec, and the data that goes with it. Nothing here knows what a chart shows."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

INTEGERS = (np.int8, np.int16, np.int32, np.int64)


def to_spec(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    """The chart as a Vega-Lite dict without data. It takes milliseconds: once a chart, not once an update."""
    spec = chart.to_dict()
    spec.pop("datasets", None)
    return spec


def with_data(spec: dict[str, Any], **frames: pd.DataFrame) -> dict[str, Any]:
    """The spec with its named datasets, each as small as it can travel; a dataset not given is sent empty.

    The names always go in the same order, and `spec` is left as it was.
    """
    names = dataset_names(spec)
    if unknown := set(frames) - set(names):
        raise ValueError(f"This chart has the datasets {', '.join(names)}, not {', '.join(sorted(unknown))}.")
    return spec | {"datasets": {name: compact(frames.get(name, pd.DataFrame())) for name in names}}


def dataset_names(spec: dict[str, Any]) -> list[str]:
    """The names of the data that a chart waits for, in the order of its layers."""
    views = [spec, *spec.get("layer", [])]
    return list(dict.fromkeys(view["data"]["name"] for view in views if "name" in view.get("data", {})))


def compact(frame: pd.DataFrame) -> pa.Table:
    """The columns as Arrow, four bytes a float, and as few as hold its values an integer; the index does not travel.

    Arrow by hand, for pandas would send a kilobyte of its own metadata with every table, and take a millisecond.
    """
    return pa.table({name: pa.array(_smallest(column.to_numpy())) for name, column in frame.items()})


def _smallest(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind == "i" and len(values):
        low, high = values.min(), values.max()
        return values.astype(next(t for t in INTEGERS if np.iinfo(t).min <= low and high <= np.iinfo(t).max))
    return values
