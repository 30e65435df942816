"""A step's tokens, and its gradient layer by layer."""

import math

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.ui.batches import UNITS
from core.ui.charts import draw, spec_of, theme
from core.ui.steps import Step
from core.ui.token_view import token_view


def show_tokens(step: Step, mode: str, key: str) -> float:
    """The batch position by position, "probability" or "loss". Returns the batch's loss, in nats per token."""
    predictions = step.ask("predictions")
    B, T = predictions.losses.shape
    if len(predictions.rows) < B:
        half = len(predictions.rows) // 2
        st.caption(
            f"{B:,} rows of {T} are too many to draw: these are the {half} with the largest loss, and the "
            f"{half} with the smallest."
        )
    show = step.corpus.tokenizer.show
    names, places = np.unique(predictions.top_ids, return_inverse=True)
    top = np.stack(
        [places.reshape(predictions.top_ids.shape), predictions.top_probabilities.astype(float).round(5)], axis=-1
    )
    windows = np.concatenate([step.batch.x, step.batch.y[:, -1:]], axis=1)[predictions.rows]  # (rows, T + 1)
    data = {
        "mode": mode,
        "block_size": T,
        "unit": UNITS[step.corpus.tokenizer.name],
        "uniform_nats": math.log(step.corpus.tokenizer.vocab_size),
        "names": [show(int(i)) for i in names],
        "mean": f"{predictions.loss:.4f}",
        "rows": [
            {
                "row": int(row),
                "start": int(step.batch.starts[row]),
                "tokens": [show(i) for i in window],
                "losses": predictions.losses[row].astype(float).round(5).tolist(),
                "mean": f"{predictions.losses[row].mean():.4f}",
                "top": likeliest.tolist(),
            }
            for row, window, likeliest in zip(predictions.rows, windows.tolist(), top, strict=True)
        ],
    }
    token_view(data, key=key)
    return predictions.loss


def draw_layers(values: dict[str, dict[str, float]], x_title: str, key: str, what: str) -> None:
    """Values by layer, for one kind or two, on a log axis."""
    dots = charts.layer_dots(values)
    low, high = (dots["value"].min(), dots["value"].max()) if len(dots) else (0.1, 1.0)
    layers = tuple(next(iter(values.values())))
    draw(
        spec_of(charts.layer_chart, theme(), layers, tuple(values), x_title=x_title),
        key,
        charts.describe_layers(dots, what),
        dots=dots,
        frame=pd.DataFrame({"value": charts.round_log_domain(low / 1.2, high * 1.2)}),
    )


def upper_end(value: float) -> float:
    """Of an axis from 0: the next multiple of half a power of ten."""
    return charts.round_domain(0.0, value, charts.round_step(value))[1]
