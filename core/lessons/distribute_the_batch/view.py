"""Data parallel training on a page: where its time goes, who takes which rows; and a model that is split."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.parallel.results import ParallelResults
from core.experiments.parallel.times import ExchangeShare, exchange_share, rank_seconds
from core.lessons.distribute_the_batch.split import Split
from core.lessons.distribute_the_batch.words import (
    answer_sentence,
    last_compared,
    split_sentence,
    summary_of,
    time_sentence,
    times_of,
    timetable_sentence,
)
from core.strategies import SAME_SEED
from core.strategies.model_parallel import timetable
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.glossary import explain
from core.ui.page import folded, plain, show_answer
from core.ui.settings import choose_device, choose_text_and_model


def choose_ranks(choices: Choices) -> None:
    ranks, mistake = st.columns([1, 1.7])
    choices.number("num_ranks", where=ranks)
    choices.select("rank_mistake", "Mistake", where=mistake)


def choose_rest(choices: Choices) -> None:
    """All settings of the training but the number of ranks and the mistake."""
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    choices.select("targets", where=left)
    with middle:
        choose_device(choices)
    with right:
        choices.number("rank_micro_batch", "Micro-batch size (windows)")
        choices.number("rank_accumulation", "Accumulation steps")
        choices.number("rank_steps")
        choices.number("seed", "Seed")
        choices.number("port")


def draw_parallel(view: View) -> None:
    """The answer, where the time of a step goes, and what each rank has."""
    results: ParallelResults = view.results
    if not results.steps:
        st.markdown("The ranks are starting: each is a process of its own, and torch is loaded first.")
        return
    share = exchange_share(results)
    show_answer(answer_sentence(results, share))
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        st.subheader("Where the time of a step goes", anchor=False)
        draw_times(view, share)
    with right:
        st.subheader(f"What each rank has, in step {results.steps[-1].step}", anchor=False, help=COSINE_HELP)
        st.table(ranks_table(results))
        step = last_compared(results)
        st.caption(
            f"Loss of the global batch: {charts.format_nats(results.steps[-1].loss)} per token. Difference from the "
            f"large batch's gradient in step {step.step}: {charts.format_tiny(step.difference or 0.0)} of its length."
        )
    with folded("The chart in numbers", "parallel_numbers") as shown:
        if shown:
            rows = [times_of(results, share, rank) for rank in range(results.spec.num_ranks)]
            st.table(pd.DataFrame(rows).set_index("rank"))
            st.markdown(time_sentence(results))
            st.caption(plain(summary_of(results.spec)))


COSINE_HELP = explain("rank", "cosine", "nat", here="The cosine is that of each rank's own gradient with the average.")


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


def draw_times(view: View, share: ExchangeShare) -> None:
    """The step in the middle, rank by rank."""
    rows, below = [], np.zeros(view.results.spec.num_ranks)
    seconds = rank_seconds(view.results, share.median_step)
    for stage, each in zip(charts.STAGES_OF_TIME, seconds.values(), strict=True):
        milliseconds = 1e3 * each  # (W,)
        rows += [(rank, stage, ms, below[rank], below[rank] + ms) for rank, ms in enumerate(milliseconds)]
        below = below + milliseconds
    table = pd.DataFrame(rows, columns=["rank", "stage", "milliseconds", "low", "high"])
    draw(
        spec_of(charts.rank_times_chart, theme(), view.results.spec.num_ranks),
        "parallel_times",
        f"Where the time of a step goes: {LIVE_ALT}" if view.live else charts.describe_rank_times(table),
        times=table,
    )


# ---- when the model itself does not fit


def show_model_parallel(choices: Choices) -> None:
    """Memory and idle time of a split that is computed, not run."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choices.number("billion_parameters", width=155)
        choices.number("device_gb", width=175)
        choices.number("tensor_parts", width=125)
        choices.number("pipeline_stages", width=125)
        choices.number("pipeline_batches", width=150)
    p, M = choices.pipeline_stages, choices.pipeline_batches
    split = Split(1e9 * choices.billion_parameters, choices.tensor_parts, p, M)
    st.markdown(split_sentence(split, choices.device_gb))
    rows = [(*row, row[0] + 1) for row in timetable(p, M)]
    table = pd.DataFrame(rows, columns=["slot", "stage", "micro_batch", "direction", "end"])
    draw(spec_of(charts.pipeline_chart, theme(), p), f"pipeline_{p}", timetable_sentence(split), slots=table)
