"""What a batch costs, on a page: the time of a step, its memory, one by one against in one pass, the time to a
target."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.experiments.step_cost.results import StepCostResults
from core.lessons.speed_and_memory.tables import memory_numbers, numbers_of, split_numbers
from core.lessons.speed_and_memory.words import (
    answer_sentence,
    memory_lines,
    replayed_line,
    summary_of,
    target_line,
    time_lines,
    vectorised_lines,
)
from core.measure.time_to_target import soonest_of, steps_of
from core.ui.choices import Choices
from core.ui.cost_sentences import soonest_line
from core.ui.experiment import OnPage, View, recorded, same_subject
from core.ui.glossary import T_INTERVAL, explain
from core.ui.page import folded, plain, show_answer
from core.ui.plots.step_cost import draw_memory
from core.ui.points import THEORY, draw_points
from core.ui.settings import choose_device, choose_text_and_model

LABELLED = 0.2  # of the highest bar: lower ones carry no number
HEIGHT = 280
STEP_HELP = explain(
    "knee",
    here="Where the curve is flat a larger batch costs hardly more time; where it is steep, twice the batch takes "
    "twice as long.",
)
SPEED_HELP = "The tokens of a batch divided by the time of its step."
MEMORY_HELP = explain(
    "activations", "SGD, AdamW", here="Weights, gradients and AdamW's two averages do not depend on the batch."
)


def choose_bounds(choices: Choices) -> None:
    largest, memory = st.columns(2)
    choices.number("max_batch_size", where=largest)
    choices.number("budget_mb", "Memory (MB)", where=memory)


def choose_measurement(choices: Choices) -> None:
    """All settings but those two."""
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    with right:
        choices.number("seed", "Seed")
        choose_device(choices)


def draw_speed(view: View, _choices: Choices, _sweep: OnPage) -> None:
    """The answer, and the time of a step."""
    show_answer(answer_sentence(view.results))
    show_time(view.results, view.live)


def draw_the_rest(view: View, choices: Choices, sweep: OnPage) -> None:
    """Its memory; and folded, the details. `sweep` is one over the rate, whose steps to a target are taken."""
    found: StepCostResults = view.results
    show_memory(found, view.live)
    with folded("Which batch size reaches the goal first?", "speed_target") as shown:
        if shown:
            show_time_to_target(choices, view, sweep.view())
    with folded("The same windows: one by one, in a loop, in one pass", "speed_passes") as shown:
        if shown:
            show_vectorised(found, view.live)
    with folded("The knee, and what the device could do", "speed_knee") as shown:
        if shown:
            show_lines(time_lines(found, found.fit()))
            if view.recorded and found.started.device == "cuda":
                st.markdown(replayed_line(recorded("race_on_gpu").view().results.step_seconds))
    with folded("Memory: what stays, what grows, what fits", "speed_memory") as shown:
        if shown:
            show_lines(memory_lines(found))
    with folded("The charts in numbers", "speed_numbers") as shown:
        if shown:
            show_numbers(found)
            st.caption(plain(summary_of(found)))


def show_lines(lines: list[str]) -> None:
    st.markdown("\n".join(f"- {line}" for line in lines))


def show_numbers(found: StepCostResults) -> None:
    """By batch size, by block size, and by how many windows go through the model at once."""
    st.table(pd.DataFrame([numbers_of(found, b) for b in found.spec.batch_sizes]).set_index("batch size"))
    blocks = [{"block size T": f"{t:,}"} | memory_numbers(parts) for t, parts in found.by_block_size().items()]
    if blocks:
        st.markdown(f"At B = {found.size_of_blocks}:")
        st.table(pd.DataFrame(blocks).set_index("block size T"))
    at_once = (*found.spec.micro_batch_sizes, found.spec.split_size)
    st.table(pd.DataFrame([split_numbers(found, m) for m in at_once]).set_index("windows at once"))


def show_time(found: StepCostResults, live: bool) -> None:
    fit = found.fit()
    sizes, T = found.spec.batch_sizes, found.spec.race.block_size
    known = found.one_pass
    x = np.geomspace(sizes[0], sizes[-1], 40)
    line = speed = None
    if fit:
        line = curve_of(x, 1e3 * fit.seconds(x), "a + b·B")
        speed = curve_of(x, 1e-3 * x * T / fit.seconds(x), "B·T / (a + b·B)")
    points = partial(draw_points, sizes=sizes, live=live, height=HEIGHT, label_below=True)
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("How long a step takes", anchor=False, help=STEP_HELP)
        milliseconds = {b: 1e3 * seconds for b, seconds in known.items()}
        points(milliseconds, key="speed_time", title="milliseconds a step", curve=line)
        st.caption("With 95% t intervals. Dashed: a straight line, a + b·B, fitted to the points.", help=T_INTERVAL)
    with right:
        st.subheader("Tokens a second", anchor=False, help=SPEED_HELP)
        tokens = {b: 1e-3 * T * windows for b, windows in found.windows_a_second().items()}
        points(tokens, key="speed_tokens", title="thousand tokens a second", curve=speed)
        st.caption("Dashed: what the fitted line gives.")


def curve_of(x: np.ndarray, y: np.ndarray, label: str) -> pd.DataFrame:
    curve = pd.DataFrame({"batch_size": x, "sigma": y, "label": ""}, columns=THEORY)
    curve.loc[len(x) // 2, "label"] = label
    return curve


def show_vectorised(found: StepCostResults, live: bool) -> None:
    B = found.spec.split_size
    left, right = st.columns([1.4, 1], gap="medium")
    taken = {m: 1e3 * seconds for m, seconds in found.by_micro_batch().items()}
    with left:
        draw_points(
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


def show_memory(found: StepCostResults, live: bool) -> None:
    left, right = st.columns([1.4, 1], gap="medium")
    memory = partial(draw_memory, live=live, labelled=LABELLED, passing=True, height=HEIGHT)
    with left:
        st.subheader("Where does the memory go?", anchor=False, help=MEMORY_HELP)
        memory(found.by_batch_size(), found.spec.batch_sizes, "speed_memory")
    with right:
        B = found.size_of_blocks
        st.subheader(f"By block size, at B = {B}" if B else "By block size", anchor=False)
        title = "block size T (tokens)"
        memory(found.by_block_size(), found.spec.block_sizes, "speed_blocks", by=title, x_title=title)


def show_time_to_target(choices: Choices, view: View, swept: View) -> None:
    if not same_subject(replace(view.race, excerpt=swept.race.excerpt), swept.race):
        st.markdown(
            "Steps to a loss come from the lesson **Tune the rate**, and the sweep there was of another text or model. "
            "Run it on this one, and the time to the target appears here."
        )
        return
    sweep, taken = swept.results, view.results.one_pass
    target = choices.target or sweep.usual_target() or 0.0
    runs = sweep.runs_to(target)
    steps = steps_of(runs)
    both = sorted(steps.keys() & taken.keys())
    missing = [b for b in sorted(sweep.batch_sizes) if b not in both]
    st.markdown(soonest_line(soonest_of({b: steps[b] for b in both}, {b: taken[b] for b in both})))
    shown = {
        "steps": ("steps to the target", {b: steps[b] for b in both}),
        "step": ("milliseconds a step", {b: 1e3 * taken[b] for b in both}),
        "product": ("seconds to the target", {b: steps[b] * taken[b].mean() for b in both}),
    }
    for column, (name, (title, values)) in zip(st.columns(3, gap="medium"), shown.items(), strict=True):
        with column:
            draw_points(values, sweep.batch_sizes, f"speed_{name}", title, view.live, height=240)
    st.markdown(target_line(target, swept.note, missing))
