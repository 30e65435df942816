"""The spike inspector: the very batch behind a point of a race's loss curve."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.race.curve import excess
from core.experiments.race.results import RaceResults, run_losses
from core.experiments.race.spec import RunSpec
from core.lab.cluster import LabError
from core.lessons.race_batch_sizes.words import no_loss_sentence, place_sentences, rebuilt_sentences
from core.ui.batches import show_batch
from core.ui.charts import draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.lab import cached_corpus
from core.ui.page import show_error
from core.ui.plots.step import show_tokens, upper_end
from core.ui.steps import Step, reach, step_of

MAX_AROUND = 25  # steps on either side that say what the loss was like then; fewer in a short run


def show_spikes(choices: Choices, view: View) -> None:
    """The way in for those who do not click on the chart; and the step that is looked at, if there is one."""
    results: RaceResults = view.results
    with st.expander("Look into one step: the batch behind a loss"), st.form("spikes", border=False):
        st.markdown("Choose a run and a step, or click a point of the training loss.")
        b, s, n, go, most = st.columns(5, vertical_alignment="bottom")
        batch_size = b.selectbox("Batch size", results.batch_sizes, key="look_batch_size")
        seed = s.selectbox("Seed", results.spec.train.seeds, key="look_seed")
        step = n.number_input("Step", 1, results.num_steps(batch_size), key="look_step")
        if go.form_submit_button("Open this step", width="stretch"):
            choices.set(chosen_loss=(batch_size, seed, step))
        why = "Of this run, against the steps around it"
        if most.form_submit_button("The largest jump", help=why, width="stretch"):
            losses = run_losses(view.read, results.spec, batch_size, seed)
            if np.isfinite(losses).any():
                choices.set(chosen_loss=(batch_size, seed, largest_jump(losses)))
            else:
                st.warning("This run has no losses yet.")
    if choices.chosen_loss:
        dialog = st.dialog("The batch behind a loss", width="large", on_dismiss=lambda: choices.set(chosen_loss=None))
        dialog(look_into)(choices.chosen_loss, view)


def look_into(place: tuple[int, int, int], view: View) -> None:
    """A step of a run: its loss among the others, its tokens by loss, its windows."""
    batch_size, seed, number = place
    results: RaceResults = view.results
    spec = replace(view.race, train=view.race.train.with_executions(results.executions))
    if batch_size not in results.batch_sizes or seed not in spec.train.seeds:
        st.warning("This race has no such run: choose one of its batch sizes and seeds.")
        return
    losses = run_losses(view.read, results.spec, batch_size, seed)
    if number > len(losses) or not np.isfinite(losses[number - 1]):
        st.warning(no_loss_sentence(batch_size, seed, number))
        return
    st.markdown(f"**B = {batch_size}, seed {seed}, step {number:,}: {losses[number - 1]:.4f} nats per token.**")
    show_place(losses, number)
    try:
        corpus = cached_corpus(spec.text, spec.tokenizer, spec.val_fraction)
        if results.started.train_tokens != len(corpus.train_ids):
            raise ValueError(
                "This race was run on another version of this text, so its batch cannot be shown: Python's "
                "documentation differs from version to version."
            )
        step = step_of(RunSpec(race=spec, batch_size=batch_size, seed=seed), number, corpus)
    except ValueError as error:
        show_error(error)
        return
    by_loss, windows = st.tabs(["Its tokens by loss", "Its windows in the text"])
    with windows:
        st.markdown("Found again from the seed and the step: these and no others gave that loss.")
        show_batch(corpus, step.batch, key="look_batch")
    with by_loss:
        show_by_loss(step, float(losses[number - 1]))


def largest_jump(losses: np.ndarray) -> int:
    """The step, from 1, whose loss lies farthest above those around it; of those that have enough on either side, for
    where it begins a loss is high and falls."""
    width = around(losses)
    heights, inner = excess(losses, width), slice(width, len(losses) - width)
    if not np.isfinite(heights[inner]).any():
        inner = slice(0, None)
    return inner.start + int(np.nanargmax(heights[inner])) + 1


def around(losses: np.ndarray) -> int:
    return min(MAX_AROUND, max(3, len(losses) // 8))


def show_place(losses: np.ndarray, number: int) -> None:
    """Where a step's loss lies among those of its run: the sentence, and the chart."""
    width = around(losses)
    all_jumps = excess(losses, width)
    jump = float(all_jumps[number - 1])
    bins = charts.histogram_bins(all_jumps[np.isfinite(all_jumps)])
    st.markdown(place_sentences(losses, number, all_jumps, width))
    mark = pd.DataFrame({"x": [jump], "label": ["this step"]})
    title = "loss minus the median around it (nats)"
    draw(
        spec_of(charts.histogram_chart, theme(), x_title=title),
        "look_histogram",
        charts.describe_histogram(bins, mark, title.capitalize()),
        bins=bins,
        mark=mark,
        frame=charts.frame_corners(
            (float(bins["start"].iloc[0]), float(bins["end"].iloc[-1])), (0.0, upper_end(float(bins["count"].max())))
        ),
    )


def show_by_loss(step: Step, recorded: float) -> None:
    try:
        reach(step)
        rebuilt = show_tokens(step, "loss", "look_tokens")
    except (ValueError, LabError) as error:
        show_error(error)
        return
    st.caption(rebuilt_sentences(recorded, rebuilt))
