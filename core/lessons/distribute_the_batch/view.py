"""Data parallel training on a page: who takes which rows, the proof, where the time goes, and the mistakes."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.parallel.results import ParallelResults
from core.experiments.parallel.times import ExchangeShare, exchange_share, rank_seconds
from core.lessons.distribute_the_batch.split import Split
from core.lessons.distribute_the_batch.words import (
    mistake_sentence,
    split_sentence,
    summary_of,
    time_sentence,
    timetable_sentence,
)
from core.strategies import SAME_SEED
from core.strategies.model_parallel import timetable
from core.ui.charts import LIVE_ALT, above_chart, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.page import plain


def draw_parallel(view: View) -> None:
    """The last step that was compared with the large batch, and the times of all."""
    results: ParallelResults = view.results
    st.caption(plain(summary_of(results.spec)))
    if not results.steps:
        st.markdown("The ranks are starting: each is a process of its own, and loads torch first.")
        return
    step = next(step for step in reversed(results.steps) if step.difference is not None)
    one, two, three = st.columns(3)
    one.metric(
        f"Difference to the large batch's gradient, step {step.step}", charts.format_tiny(step.difference or 0.0)
    )
    two.metric("Largest difference between the ranks' weights", charts.format_tiny(step.apart))
    three.metric("Loss of the global batch", charts.format_nats(step.loss))
    st.markdown(mistake_sentence(results.spec, results.steps[0]))
    share = exchange_share(results)
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        st.markdown(f"**What each rank has**, in step {results.steps[-1].step}; cosine with the average.")
        st.table(ranks_table(results))
    with right:
        above_chart("**Where the time of a step goes.**")
        sentence = draw_times(view, share)
    st.markdown(time_sentence(results, share))
    with st.expander("The chart in numbers"):
        st.markdown(plain(sentence))


def ranks_table(results: ParallelResults) -> pd.DataFrame:
    """Each rank's rows of the batch, and its part of the last step."""
    rows = {}
    for rank, (part, (first, count)) in enumerate(zip(results.steps[-1].ranks, results.ranks.rows, strict=True)):
        first = 0 if results.spec.plan.mistake == SAME_SEED else first
        rows[f"rank {rank}"] = (
            f"{first} to {first + count - 1}", str(part.num_targets), f"{part.loss:.3f}",
            charts.format_significant(part.norm), f"{part.cosine:.3f}",
        )  # fmt: skip
    return pd.DataFrame.from_dict(rows, "index", columns=["rows", "targets", "loss", "|gradient|", "cosine"])


def draw_times(view: View, share: ExchangeShare) -> str:
    """The step in the middle, rank by rank; returns what it shows as a sentence."""
    rows, below = [], np.zeros(view.results.spec.num_ranks)
    seconds = rank_seconds(view.results, share.median_step)
    for stage, each in zip(charts.STAGES_OF_TIME, seconds.values(), strict=True):
        milliseconds = 1e3 * each  # (W,)
        rows += [(rank, stage, ms, below[rank], below[rank] + ms) for rank, ms in enumerate(milliseconds)]
        below = below + milliseconds
    table = pd.DataFrame(rows, columns=["rank", "stage", "milliseconds", "low", "high"])
    sentence = charts.describe_rank_times(table)
    draw(
        spec_of(charts.rank_times_chart, theme(), view.results.spec.num_ranks),
        "parallel_times",
        f"Where the time of a step goes: {LIVE_ALT}" if view.live else sentence,
        times=table,
    )
    return sentence


# ---- when the model itself does not fit


def show_model_parallel(choices: Choices) -> None:
    """Memory and idle time of a split that is computed, not run."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choices.number("billion_parameters", width=170)
        choices.number("device_gb", width=190)
        choices.number("tensor_parts", width=150)
        choices.number("pipeline_stages", width=150)
        choices.number("pipeline_batches", width=170)
    p, M = choices.pipeline_stages, choices.pipeline_batches
    split = Split(1e9 * choices.billion_parameters, choices.tensor_parts, p, M)
    st.markdown(split_sentence(split, choices.device_gb))
    rows = [(*row, row[0] + 1) for row in timetable(p, M)]
    table = pd.DataFrame(rows, columns=["slot", "stage", "micro_batch", "direction", "end"])
    draw(spec_of(charts.pipeline_chart, theme(), p), f"pipeline_{p}", timetable_sentence(split), slots=table)
