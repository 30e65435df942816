"""A race on a page, in the same places whatever has arrived, so that nothing jumps."""

import pandas as pd
import streamlit as st

from core import charts
from core.corpus import visible
from core.experiments.race.results import RaceResults
from core.lessons.race_batch_sizes.words import (
    divergence_sentences,
    executions_sentence,
    lead_sentences,
    noise_sentences,
    summary_of,
)
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.overfitting import show_overfitting
from core.ui.page import plain
from core.ui.plots.race import X_TITLES, draw_loss, draw_noise


def draw_race(view: View, choices: Choices, look: tuple | None) -> None:
    """All of a race; `look` is the step that is looked into as the page is drawn."""
    if not view.recorded:
        show_divergences(view.results)
    st.caption(plain(summary_of(view.results.spec)))
    draw_charts(view, choices)
    if choices.chosen_loss != look:
        st.rerun()  # the whole page: a point was clicked


def show_divergences(results: RaceResults) -> None:
    with st.container():  # always there, so that what follows keeps its place
        if results.divergences:
            st.warning(divergence_sentences(results.divergences))


def draw_charts(view: View, choices: Choices) -> None:
    """All charts of a race, their numbers as sentences, and the texts that its models write."""
    results: RaceResults = view.results
    axis = choices.axis

    def look(point: dict) -> None:
        batch_size, seed = int(point["batch_size"]), int(point["seed"])
        try:
            choices.set(
                chosen_loss=(batch_size, seed, results.step_at(axis, batch_size, seed, point["x"], point["loss"]))
            )
        except ValueError as error:
            choices.tell(str(error))

    wide, narrow = st.columns([2, 1], gap="medium")
    with wide:
        st.markdown(
            "**Training loss at every step.** Thin: a seed. Thick: the mean of the seeds. "
            "Band: from the lowest seed to the highest. **Click a point** to see the batch that gave it."
        )
        training = draw_loss(view, axis, "training", on_pick=look)
    with narrow:
        st.markdown("**How noisy is the loss?** Its spread from step to step, with 95% intervals.")
        noise = draw_noise(view)
    wide, narrow = st.columns([2, 1], gap="medium")
    with wide:
        st.markdown(
            f"**Validation loss**, on {results.spec.train.eval_windows} windows of text that no run trains on, the "
            "same ones always. Band: 95% t interval of the mean of the seeds."
        )
        validation = draw_loss(view, axis, "validation")
    with narrow:
        st.markdown(f"**Tokens a second** of one run alone{'' if view.recorded else ', on this machine'}.")
        speed = draw_speed(view)
    sentences = [*(lead_sentences(results, axis, view.live) for axis in X_TITLES), noise_sentences(results)]
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    show_overfitting({f"B = {b}": rise for b, rise in results.rises().items()}, results.started)
    with st.expander("The charts in numbers"):
        in_numbers = (noise, training, validation, speed, executions_sentence(results))
        st.markdown("\n\n".join(plain(sentence) for sentence in in_numbers))
    show_texts(results)


def draw_speed(view: View) -> str:
    results: RaceResults = view.results
    rows = [
        {"batch_size": b, "tokens_per_second": b * results.spec.block_size / seconds}
        for b, seconds in sorted(results.step_seconds.items())
    ]
    speed = pd.DataFrame(rows, columns=["batch_size", "tokens_per_second"])
    top = charts.round_end(1.25 * speed["tokens_per_second"].max()) if rows else 1000.0
    sentence = charts.describe_throughput(speed)
    draw(
        spec_of(charts.throughput_chart, results.batch_sizes, theme()),
        "race_speed",
        f"Tokens a second by batch size: {LIVE_ALT}" if view.live else sentence,
        speed=speed,
        frame=pd.DataFrame({"tokens_per_second": [top]}),
    )
    return sentence


def show_texts(results: RaceResults) -> None:
    """What the first seed of each batch size wrote last, with control characters made visible."""
    st.markdown("**What each model writes**, drawn token by token from its own predictions (first seed).")
    for column, batch_size in zip(st.columns(len(results.batch_sizes)), results.batch_sizes, strict=True):
        last = results.texts[batch_size][-1] if results.texts[batch_size] else None
        step, text = (last.step, last.text) if last else (0, "")
        column.caption(f"B = {batch_size}, after {step:,} steps")
        shown = "".join(c if c in " \n" else visible(c) for c in text)
        column.code(shown or "nothing yet", language=None, wrap_lines=True)
