"""What a step holds and takes, in one go and in micro-batches."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.cost.results import CostResults
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.experiment import View
from core.ui.points import draw_points


def show_memory(view: View, by: str = "batch size") -> list[str]:
    """A bar for each batch size; or micro-batch size: of a batch in parts, a step holds the activations of one."""
    cost: CostResults = view.results
    rows, totals = [], []
    for batch_size, activations in sorted(cost.activation_bytes.items()):
        below = 0.0
        for part, size in {**cost.state_bytes, "activations": activations}.items():
            rows.append((batch_size, part, size / 1e6, below, below + size / 1e6))
            below += size / 1e6
        totals.append((batch_size, below, charts.format_significant(below)))
    table = pd.DataFrame(rows, columns=["batch_size", "part", "megabytes", "low", "high"])
    sentence = charts.describe_memory(table, by)
    st.markdown("**What a step holds in memory**, part by part; but for what is there for a moment only.")
    draw(
        spec_of(charts.memory_chart, cost.spec.batch_sizes, theme(), x_title=f"{by} (windows)"),
        "claim_memory",
        f"Memory by {by}: {LIVE_ALT}" if view.live else sentence,
        memory=table,
        total=pd.DataFrame(totals, columns=["batch_size", "megabytes", "label"]),
    )
    return [sentence]


def show_splits(view: View) -> list[str]:
    cost: CostResults = view.results
    large = cost.spec.largest
    seconds = {m: np.array(cost.seconds.get((large, m), ())) for m in (*cost.spec.micro_batch_sizes, large)}
    known = {m: values for m, values in seconds.items() if len(values) > 1}
    st.markdown(f"**Seconds of one update from {large:,} windows**, by how many of them go through the model at once.")
    return [
        draw_points(
            known,
            tuple(seconds),
            "claim_splits",
            "seconds of one update",
            view.live,
            x_title="micro-batch size (windows)",
        )
    ]
