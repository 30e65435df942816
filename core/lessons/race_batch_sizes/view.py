"""A race on a page, in the same places whatever has arrived, so that nothing jumps."""

from functools import partial

import pandas as pd
import streamlit as st

from core import charts
from core.corpus import visible
from core.experiments.race.results import RaceResults, nearest_step, run_losses
from core.lessons.race_batch_sizes.words import (
    PICTURE_NOTES,
    answer_sentence,
    divergence_sentences,
    executions_sentence,
    lead_sentences,
    noise_sentences,
    numbers_of,
    summary_of,
)
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.glossary import T_INTERVAL, explain
from core.ui.overfitting import show_overfitting
from core.ui.page import folded, plain, show_answer
from core.ui.plots.panels import draw_overlay, draw_panels
from core.ui.plots.race import X_TITLES, draw_noise, draw_validation
from core.ui.settings import choose_device, choose_text_and_model


def choose_sizes(choices: Choices) -> None:
    choices.several("batch_sizes")


def choose_race(choices: Choices) -> None:
    """All settings of a race but its batch sizes."""
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    with right:
        choices.number("learning_rate", "Learning rate (at B = 16)")
        choices.select("lr_rule")
        choices.number("num_seeds", "Seeds (runs at each batch size)")
        choices.number("max_tokens")
        choices.number("seed")
        choose_device(choices)
        choices.select("smoothing_half_life")


def draw_race(view: View, choices: Choices, drawn: tuple) -> None:
    """The answer of a race, and its losses; `drawn` is the axis, and the step that is looked into, as the page is
    drawn."""
    results: RaceResults = view.results
    show_answer(answer_sentence(results, choices.axis, view.live))
    show_divergences(results)
    draw_training(view, choices)
    if (choices.axis, choices.chosen_loss) != drawn:
        st.rerun()  # the whole page: what stands below has the same axis, and a loss that was clicked opens


def show_divergences(results: RaceResults) -> None:
    with st.container():  # always there, so that what follows keeps its place
        if results.divergences:
            st.warning(divergence_sentences(results.divergences, results.spec.train.num_seeds))


def draw_training(view: View, choices: Choices) -> None:
    """The training losses at every step: the picture that a race is for."""
    results: RaceResults = view.results
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Training loss at every step", anchor=False, width="content", help=explain("nat"))
        for name in ("axis", "race_picture", "race_runs"):
            choices.segments(name, label_visibility="collapsed")
    seed = results.spec.train.seeds[0] if choices.race_runs == "one" else None
    if choices.race_picture == "panels":
        draw_panels(view, choices.axis, seed, partial(look_into_loss, view, choices, seed))
    else:
        draw_overlay(view, choices.axis, seed)
    st.caption(PICTURE_NOTES[choices.race_picture])


def look_into_loss(view: View, choices: Choices, seed: int | None, batch_size: int, x: float, loss: float) -> None:
    """What was clicked is the nearest step of the run that is shown, or of all runs."""
    results: RaceResults = view.results
    after, upto = results.column_at(choices.axis, batch_size, x)
    found = []
    for each in results.spec.train.seeds if seed is None else (seed,):
        losses = run_losses(view.read, results.spec, batch_size, each)
        if step := nearest_step(losses, after, upto, loss):
            found.append((abs(float(losses[step - 1]) - loss), each, step))
    if found:
        _, nearest, step = min(found)
        choices.set(chosen_loss=(batch_size, nearest, step))


def draw_the_rest(view: View, choices: Choices, _drawn: tuple) -> None:
    """How noisy, who learns most; and folded, what there is beside."""
    results: RaceResults = view.results
    axis = choices.axis
    narrow, wide = st.columns([1, 1.6], gap="medium")
    with narrow:
        st.subheader("How noisy is the loss?", anchor=False)
        draw_noise(view)
        st.caption("The standard deviation of its jumps from step to step, with 95% intervals.")
    with wide:
        st.subheader("Validation loss", anchor=False, help=explain("ln V, uniform guess", "paired"))
        validation = draw_validation(view, axis)
        st.caption(
            f"On {results.spec.train.eval_windows} fixed windows of text that no run trains on. Thin lines: single "
            "runs. Thick line: their mean. Shading: 95% t interval of the mean.",
            help=T_INTERVAL,
        )
    show_overfitting({f"B = {b}": overfit for b, overfit in results.overfits().items()}, results.started)
    with folded("Who leads, and can the runs tell?", "race_leads") as shown:
        if shown:
            sentences = [*(lead_sentences(results, by, view.live) for by in X_TITLES), noise_sentences(results)]
            st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    with folded("Tokens a second, of one run alone", "race_speed") as shown:
        if shown:
            draw_speed(view)
    with folded("What each model writes", "race_texts") as shown:
        if shown:
            show_texts(results)
    with folded("The charts in numbers", "race_numbers") as shown:
        if shown:
            show_numbers(results, axis)
            st.markdown(plain(f"{validation} {executions_sentence(results)}"))
            st.caption(plain(summary_of(results.spec)))


def show_numbers(results: RaceResults, axis: str) -> None:
    """A row a batch size; all that the charts show of it at the end."""
    _, losses = results.validation_at_equal(axis)
    st.table(pd.DataFrame([numbers_of(results, b, losses.get(b)) for b in results.batch_sizes]).set_index("batch size"))


def draw_speed(view: View) -> None:
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


def show_texts(results: RaceResults) -> None:
    """What the first seed of each batch size wrote last, with control characters made visible."""
    st.markdown("Drawn token by token from its own predictions, by the first run of each batch size.")
    for batch_size in results.batch_sizes:
        last = results.texts[batch_size][-1] if results.texts[batch_size] else None
        step, text = (last.step, last.text) if last else (0, "")
        st.caption(f"B = {batch_size}, after {step:,} steps")
        shown = "".join(c if c in " \n" else visible(c) for c in text)
        st.code(shown or "nothing yet", language=None, wrap_lines=True)
