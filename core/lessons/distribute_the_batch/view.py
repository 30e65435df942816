"""Data parallel training on a page: who takes which rows, the proof, where the time goes, and the mistakes."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.parallel.results import ParallelResults
from core.experiments.parallel.spec import ParallelSpec
from core.settings.declared import RANK_MISTAKES
from core.strategies import SAME_SEED
from core.strategies.model_parallel import bytes_per_device, idle_share, timetable
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.page import plain
from core.ui.texts import model_size, source_title

number = charts.format_significant
WHERE = {"gloo": "on the processor, a core each if there are enough", "nccl": "on a GPU each"}  # by the backend


def draw_parallel(view: View) -> None:
    """The last step that is known, and the times of all."""
    results, live = view.results, view.live
    spec = results.spec
    st.caption(plain(summary_of(spec)))
    if not results.steps:
        st.markdown("The ranks are starting: each is a process of its own, and loads torch first.")
        return
    step = next(step for step in reversed(results.steps) if step.difference is not None)
    one, two, three = st.columns(3)
    one.metric(f"Difference to the large batch's gradient, step {step.step}", charts.format_tiny(step.difference))
    two.metric("Largest difference between the ranks' weights", charts.format_tiny(step.apart))
    three.metric("Loss of the global batch", charts.format_nats(step.loss))
    st.markdown(mistake_sentence(results))
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        st.markdown(f"**What each rank has**, in step {results.steps[-1].step}; cosine with the average.")
        st.table(ranks_table(results))
    with right:
        st.markdown("**Where the time of a step goes.**")
        sentence = draw_times(results, live)
    st.markdown(time_sentence(results))
    with st.expander("The chart in numbers"):
        st.markdown(plain(sentence))


def summary_of(spec: ParallelSpec) -> str:
    race, plan = spec.race, spec.plan
    return (
        f"This training: {source_title(race.source)}; T = {race.block_size}; {model_size(race)}; "
        f"B = {plan.micro_batch_size} × {plan.accumulation_steps} × {spec.num_ranks} = "
        f"{spec.batch_size} windows, {plan.targets} targets; mistake: {RANK_MISTAKES[plan.mistake]}; "
        f"{plan.num_steps} steps."
    )


def ranks_table(results: ParallelResults) -> pd.DataFrame:
    rows = {}
    for rank, (part, (first, count)) in enumerate(zip(results.steps[-1].ranks, results.ranks.rows, strict=True)):
        first = 0 if results.spec.plan.mistake == SAME_SEED else first
        rows[f"rank {rank}"] = (
            f"{first} to {first + count - 1}", str(part.num_targets), f"{part.loss:.3f}", number(part.norm),
            f"{part.cosine:.3f}",
        )  # fmt: skip
    return pd.DataFrame.from_dict(rows, "index", columns=["rows", "targets", "loss", "|gradient|", "cosine"])


def draw_times(results: ParallelResults, live: bool) -> str:
    rows = []
    stages = dict(zip(charts.STAGES_OF_TIME, ("compute", "wait", "reduce"), strict=True))
    below, middle = np.zeros(results.spec.num_ranks), step_in_the_middle(exchange_shares(results))
    for stage, what in stages.items():
        milliseconds = 1e3 * results.seconds(what)[middle]  # (W,)
        rows += [(rank, stage, ms, below[rank], below[rank] + ms) for rank, ms in enumerate(milliseconds)]
        below = below + milliseconds
    table = pd.DataFrame(rows, columns=["rank", "stage", "milliseconds", "low", "high"])
    sentence = charts.describe_rank_times(table)
    draw(
        spec_of(charts.rank_times_chart, theme(), results.spec.num_ranks),
        "parallel_times",
        f"Where the time of a step goes: {LIVE_ALT}" if live else sentence,
        times=table,
    )
    return sentence


def exchange_shares(results: ParallelResults) -> np.ndarray:
    """Of all ranks' time in a step, what went into waiting and exchange: (steps,)."""
    compute, wait, reduce = (results.seconds(what).sum(axis=1) for what in ("compute", "wait", "reduce"))
    return (wait + reduce) / (compute + wait + reduce)


def step_in_the_middle(shares: np.ndarray) -> int:
    return int(np.argsort(shares)[len(shares) // 2])


def time_sentence(results: ParallelResults) -> str:
    shares = exchange_shares(results)
    share, (low, high) = shares[step_in_the_middle(shares)], np.percentile(shares, [25, 75])
    bytes_sent = 4 * results.started.num_parameters if results.started else 0
    return (
        f"The ranks trained {WHERE[results.ranks.backend]}. "
        f"Waiting and exchange took **{100 * share:.0f}%** of the ranks' time in the step above, the middle one by "
        f"this share; in half of the steps it was between {100 * low:.0f} and {100 * high:.0f}%. "
        f"Each rank exchanges its whole gradient, {charts.format_bytes(bytes_sent)}, once a step, "
        "however large its part of the batch: more micro-batches for each exchange make it cheaper."
    )


def mistake_sentence(results: ParallelResults) -> str:
    """What theory says of it, and what was measured in the first step, where all ranks still have the same weights."""
    step, spec = results.steps[0], results.spec
    off = number(100 * step.difference)
    targets = [rank.num_targets for rank in step.ranks]
    match spec.plan.mistake:
        case "":
            return (
                "**The proof:** the average over the ranks is the gradient that one process takes from the whole "
                "batch, up to the rounding of float32; and as all make the same update, their copies stay equal."
            )
        case "same-seed":
            return (
                f"**All ranks take the same rows:** {spec.num_ranks} ranks do the work of one, and the batch that "
                f"counts is {spec.plan.batch_size(1)} windows, not {spec.batch_size}. In step 1 the gradient is off by "
                f"**{off}%**."
            )
        case "mean-of-means":
            factor = number(max(targets) / min(targets))
            even = (
                " Here all have as many, so nothing is wrong: choose uneven targets." if len(set(targets)) == 1 else ""
            )
            return (
                f"**A mean of means:** a token of the rank with {min(targets)} targets weighs {factor} times as much "
                f"as one of the rank with {max(targets)}. In step 1 the gradient is off by **{off}%**.{even}"
            )
        case _:
            theory = sum(targets) / len(targets)
            return (
                f"**A summed loss:** the average of sums is N / W = {number(theory)} times as long as it should "
                f"be (theory); measured in step 1: **{number(step.norm / step.whole_norm)} times**. It grows "
                "with the batch, so the learning rate would have to shrink with it; AdamW and clipping hide it."
            )


# ---- when the model itself does not fit


def show_model_parallel(choices: Choices) -> None:
    """Memory and idle time of a split that is computed, not run."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choices.number("billion_parameters", width=170)
        choices.number("device_gb", width=190)
        choices.number("tensor_parts", width=150)
        choices.number("pipeline_stages", width=150)
        choices.number("pipeline_batches", width=170)
    p, M, parameters = choices.pipeline_stages, choices.pipeline_batches, 1e9 * choices.billion_parameters
    held = bytes_per_device(parameters, choices.tensor_parts, p)
    alone = bytes_per_device(parameters)
    fits = "fits" if held <= 1e9 * choices.device_gb else "does **not** fit"
    st.markdown(
        f"Weights, gradients and AdamW's averages of {choices.billion_parameters:g} billion parameters take "
        f"**{charts.format_bytes(alone)}** (computed: 16 bytes each). Data parallel keeps all of that on every device. "
        f"Cut in {choices.tensor_parts} × {p}, a device holds **{charts.format_bytes(held)}**, which {fits} into "
        f"{choices.device_gb:g} GB, activations not counted. The pipeline stands idle for "
        f"**{100 * idle_share(p, M):.0f}%** of its time: (p − 1) / (M + p − 1)."
    )
    rows = [(*row, row[0] + 1) for row in timetable(p, M)]
    table = pd.DataFrame(rows, columns=["slot", "stage", "micro_batch", "direction", "end"])
    draw(
        spec_of(charts.pipeline_chart, theme(), p),
        f"pipeline_{p}",
        f"Timetable of a pipeline with {p} stages and {M} micro-batches: {2 * (M + p - 1)} slots, of which each device "
        f"works in {2 * M}.",
        slots=table,
    )
