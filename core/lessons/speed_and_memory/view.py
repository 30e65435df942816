"""What a batch costs, on a page: the time of a step, its memory, one by one against in one pass, the time to a
target."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.experiments.step_cost.results import StepCostResults
from core.lessons.speed_and_memory.words import (
    memory_lines,
    replayed_line,
    summary_of,
    target_line,
    time_lines,
    vectorised_lines,
)
from core.measure.time_to_target import soonest_of, steps_of
from core.ui.charts import above_chart
from core.ui.choices import Choices
from core.ui.cost_sentences import soonest_line
from core.ui.experiment import OnPage, View, recorded, same_subject
from core.ui.page import plain
from core.ui.plots.step_cost import draw_memory
from core.ui.points import THEORY, draw_points

LABELLED = 0.2  # of the highest bar: lower ones carry no number


def draw_speed(view: View, choices: Choices, sweep: OnPage) -> None:
    """All charts and sentences; `sweep` is one over the rate, whose steps to a target are taken."""
    found: StepCostResults = view.results
    live = view.live
    st.caption(plain(summary_of(found)))
    sentences = show_time(found, live)
    if view.recorded and found.started.device == "cuda":
        st.markdown(replayed_line(recorded("race_on_gpu").view().results.step_seconds))
    sentences += [*show_vectorised(found, live), *show_memory(found, live)]
    sentences += show_time_to_target(choices, view, sweep.view())
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence) for sentence in sentences))


def show_time(found: StepCostResults, live: bool) -> list[str]:
    fit = found.fit()
    sizes, T = found.spec.batch_sizes, found.spec.race.block_size
    known = found.one_pass
    x = np.geomspace(sizes[0], sizes[-1], 40)
    line = speed = None
    if fit:
        line, speed = curve_of(x, 1e3 * fit.seconds(x)), curve_of(x, 1e-3 * x * T / fit.seconds(x))
    left, right = st.columns(2, gap="medium")
    with left:
        above_chart("**How long a step takes.** Dashed: a line, a + b B, fitted to the points.")
        milliseconds = {b: 1e3 * seconds for b, seconds in known.items()}
        sentences = [draw_points(milliseconds, sizes, "speed_time", "milliseconds a step", live, line, height=300)]
    with right:
        above_chart("**How many tokens a second that is.** Dashed: what the line would give.")
        tokens = {b: 1e-3 * T * windows for b, windows in found.windows_a_second().items()}
        sentences.append(
            draw_points(tokens, sizes, "speed_tokens", "thousand tokens a second", live, speed, height=300)
        )
    st.markdown("\n".join(f"- {line}" for line in time_lines(found, fit)))
    return sentences


def curve_of(x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"batch_size": x, "sigma": y, "label": ""}, columns=THEORY)


def show_vectorised(found: StepCostResults, live: bool) -> list[str]:
    B = found.spec.split_size
    st.subheader(f"The same {B} windows: one by one, in a loop, in one go", anchor=False)
    left, right = st.columns([1.4, 1], gap="medium")
    taken = {m: 1e3 * seconds for m, seconds in found.by_micro_batch().items()}
    with left:
        sentence = draw_points(
            taken,
            (*found.spec.micro_batch_sizes, B),
            "speed_vectorised",
            f"milliseconds for {B} windows",
            live,
            x_title="windows that go through the model at once",
            height=260,
        )
    with right:
        st.markdown("\n\n".join(vectorised_lines(found)))
    return [sentence]


def show_memory(found: StepCostResults, live: bool) -> list[str]:
    st.subheader("Where does the memory go?", anchor=False)
    left, right = st.columns([1.4, 1], gap="medium")
    memory = partial(draw_memory, live=live, labelled=LABELLED, passing=True, height=300)
    with left:
        above_chart("**Against the batch size.**")
        sentences = [memory(found.by_batch_size(), found.spec.batch_sizes, "speed_memory")]
    with right:
        B = found.size_of_blocks
        above_chart(f"**Against the block size T**, at B = {B}." if B else "**Against the block size T.**")
        title = "block size T (tokens)"
        sizes = found.spec.block_sizes
        sentences.append(memory(found.by_block_size(), sizes, "speed_blocks", by=title, x_title=title))
    st.markdown("\n".join(f"- {line}" for line in memory_lines(found)))
    return sentences


def show_time_to_target(choices: Choices, view: View, swept: View) -> list[str]:
    st.subheader("So which batch is soonest at the goal?", anchor=False)
    if not same_subject(replace(view.race, excerpt=swept.race.excerpt), swept.race):
        st.markdown(
            "Steps to a loss come from the lesson **Tune the rate**, and the sweep there was of another text or model: "
            "run it on this one, and the time to the target will stand here."
        )
        return []
    sweep, taken = swept.results, view.results.one_pass
    target = choices.target or sweep.usual_target() or 0.0
    runs = sweep.runs_to(target)
    steps = steps_of(runs)
    both = sorted(steps.keys() & taken.keys())
    missing = [b for b in sorted(sweep.batch_sizes) if b not in both]
    st.markdown(target_line(target, swept.note, missing))
    shown = {
        "steps": ("steps to the target", {b: steps[b] for b in both}),
        "step": ("milliseconds a step", {b: 1e3 * taken[b] for b in both}),
        "product": ("seconds to the target", {b: steps[b] * taken[b].mean() for b in both}),
    }
    sentences = []
    for column, (name, (title, values)) in zip(st.columns(3, gap="medium"), shown.items(), strict=True):
        with column:
            sentences.append(draw_points(values, sweep.batch_sizes, f"speed_{name}", title, view.live, height=240))
    st.markdown(soonest_line(soonest_of({b: steps[b] for b in both}, {b: taken[b] for b in both})))
    return sentences
