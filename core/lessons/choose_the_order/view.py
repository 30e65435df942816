"""A race of the three orders on a page: the training loss of each, who leads, and what each curve does."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.batches import ORDERS
from core.experiments.orders.results import OrdersResults
from core.lessons.choose_the_order.words import (
    answer_sentence,
    curve_sentences,
    difference_sentences,
    diverged_sentence,
    last_losses_sentence,
    numbers_of,
    panel_words,
    summary_of,
)
from core.ui.charts import LIVE_ALT, draw, panel_title, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.glossary import T_INTERVAL, explain
from core.ui.overfitting import show_overfitting
from core.ui.page import folded, plain, show_answer
from core.ui.plots.panels import ghost_of, ghosts_behind, loss_domain
from core.ui.settings import choose_device
from core.ui.texts import choose_text

MAX_RULES = 6  # ends of epochs that are drawn
VALIDATION_HEIGHT = 210


def choose_size(choices: Choices) -> None:
    size, tokens = st.columns(2)
    choices.number("order_batch_size", where=size)
    choices.number("order_tokens", "Tokens for each run", where=tokens)


def choose_race(choices: Choices) -> None:
    """All settings of the race but its batch size and its budget."""
    left, middle, right = st.columns(3)
    with left:
        choose_text(choices)
        choices.number("block_size", "Block size T (tokens)")
    with middle:
        choices.select("order_model")
        choices.number("learning_rate")
        choices.number("order_seeds")
    with right:
        choices.number("seed")
        choose_device(choices)


def draw_orders(view: View) -> None:
    """The answer, and the training loss of each order."""
    results: OrdersResults = view.results
    show_answer(answer_sentence(results, view.live))
    with st.container():  # always there, so that what follows keeps its place
        if diverged := [order for order, curves in results.curves.items() if curves.divergences]:
            st.warning(diverged_sentence(diverged))
    st.subheader("Training loss at every step", anchor=False)
    domain = training_domain(results)
    for column, order in zip(st.columns(len(ORDERS)), ORDERS, strict=True):
        with column:
            panel_title(order.capitalize(), panel_words(results, order), color_of(order))
            draw_training(view, order, domain)
    st.caption(
        "Every step of every run is in the picture: each bar reaches from the lowest to the highest loss of its "
        "column. Thick line: running mean. Thin lines: running means of the other two orders."
    )


def draw_the_rest(view: View) -> None:
    """The validation loss, the differences; and folded, what each curve does."""
    results: OrdersResults = view.results
    wide, narrow = st.columns([1.6, 1], gap="medium")
    with wide:
        st.subheader("Validation loss", anchor=False)
        draw_validation(view)
        st.caption(
            "On text that no run trains on. Thin: single runs. Thick: their mean. Shading: 95% t interval.",
            help=T_INTERVAL,
        )
    with narrow:
        st.subheader("Differences", anchor=False, help=PAIRED_HELP)
        st.markdown(as_list(difference_sentences(results)) or "Not measured yet.")
    overfits = {order: each for order, curves in results.curves.items() for each in curves.overfits().values()}
    show_overfitting(overfits, results.started)
    with folded("The charts in numbers: jumps, waves, and where an epoch ends", "order_numbers") as shown:
        if shown:
            st.table(pd.DataFrame([numbers_of(results, order) for order in ORDERS]).set_index("order"))
            for column, order in zip(st.columns(len(ORDERS), gap="medium"), ORDERS, strict=True):
                column.markdown(f"**{order.capitalize()}**\n\n{as_list(curve_sentences(results, order))}")
            st.caption(plain(summary_of(results.spec)))


PAIRED_HELP = explain(
    "paired", "resolved, not resolved", here="A difference is resolved where its 95% t interval excludes 0."
)


def as_list(sentences: list[str]) -> str:
    """As a Markdown list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


# ---- the charts


def epoch_rules(results: OrdersResults, order: str = "") -> pd.DataFrame:
    """x, label: where an epoch ends; random windows know no epoch, only as many."""
    if not results.started:
        return pd.DataFrame(columns=["x", "label"])
    race = results.spec.race
    epoch_tokens = results.started.epoch_size * race.block_size
    num = race.train.max_tokens // epoch_tokens
    places = epoch_tokens * np.arange(1, 1 + (num if num <= MAX_RULES else 1))
    label = "an epoch’s worth" if order == "random" else "epoch 1 ends"
    return pd.DataFrame({"x": places.astype(float), "label": [label, *[""] * (len(places) - 1)][: len(places)]})


def draw_validation(view: View) -> None:
    results: OrdersResults = view.results
    tables = [curves.validation_tables("tokens") for curves in results.curves.values()]
    lines, mean = (
        pd.concat([table.assign(order=order) for order, table in zip(ORDERS, part, strict=True)], ignore_index=True)
        for part in zip(*tables, strict=True)
    )
    y = charts.round_domain(lines["loss"].min(), lines["loss"].max()) if len(lines) else (0.0, 4.5)
    draw(
        spec_of(charts.order_loss_chart, ORDERS, theme(), height=VALIDATION_HEIGHT),
        "order_validation",
        f"Validation loss by order: {LIVE_ALT}" if view.live else charts.describe_orders(mean),
        lines=lines[["x", "loss", "order", "seed"]],
        mean=mean[["x", "mean", "low", "high", "order"]],
        rules=epoch_rules(results),
        frame=charts.frame_corners((0.0, float(results.spec.race.train.max_tokens)), y),
    )


def training_domain(results: OrdersResults) -> tuple[float, float]:
    """One axis for all orders, so that they can be compared."""
    columns = (curves.training_columns("tokens", results.spec.batch_size) for curves in results.curves.values())
    return loss_domain(columns)


def color_of(order: str) -> str:
    return charts.PALETTES[theme()].orders[ORDERS.index(order)]


def draw_training(view: View, order: str, domain: tuple[float, float]) -> None:
    """The losses of one order at every step, of all its runs."""
    results: OrdersResults = view.results
    race, size = results.spec.race, results.spec.batch_size
    columns = {each: curves.training_columns("tokens", size) for each, curves in results.curves.items()}
    last = [results.curves[order].last_loss(size, seed) for seed in race.train.seeds]
    draw(
        spec_of(charts.panel_chart, color_of(order), theme(), rules=True),
        f"order_training_{order}",
        f"Training loss, {order}: {LIVE_ALT}" if view.live else last_losses_sentence(order, last),
        columns=columns[order],
        ghosts=ghosts_behind(order, {each: ghost_of(place, columns[each]) for place, each in enumerate(columns)}),
        rules=epoch_rules(results, order),
        frame=charts.frame_corners((0.0, float(race.train.max_tokens)), domain),
    )
