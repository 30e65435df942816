"""A race of the three orders on a page: their curves, who leads, and what the order does to the training loss."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.batches import ORDERS
from core.experiments.orders.results import OrdersResults
from core.lessons.choose_the_order.words import (
    curve_sentences,
    difference_sentences,
    diverged_sentence,
    last_losses_sentence,
    lead_sentence,
    summary_of,
)
from core.ui.charts import LIVE_ALT, above_chart, draw, spec_of, theme
from core.ui.experiment import View
from core.ui.overfitting import show_overfitting
from core.ui.page import plain
from core.ui.plots.panels import ghost_of, ghosts_behind, loss_domain

MAX_RULES = 6  # ends of epochs that are drawn


def draw_orders(view: View) -> None:
    """All charts and sentences, in the same places whatever has arrived."""
    results: OrdersResults = view.results
    st.caption(plain(summary_of(results.spec)))
    with st.container():  # always there, so that what follows keeps its place
        if diverged := [order for order, curves in results.curves.items() if curves.divergences]:
            st.warning(diverged_sentence(diverged))
    left, right = st.columns([1.6, 1], gap="medium")
    with left:
        above_chart("**Validation loss**, on text that no run trains on. Band: 95% t interval of the seeds' mean.")
        sentences = [draw_validation(view)]
    with right:
        st.markdown(lead_sentence(results, view.live))
        st.markdown("Differences, paired over the seeds, with 95% t intervals:")
        st.markdown(as_list(difference_sentences(results)) or "Not measured yet.")
    overfits = {order: each for order, curves in results.curves.items() for each in curves.overfits().values()}
    show_overfitting(overfits, results.started)
    sentences += show_training(view)
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence.replace("**", "")) for sentence in sentences))


def show_training(view: View) -> list[str]:
    """The training curves of the orders side by side, with what is said of each; returns that too."""
    st.markdown(
        "**Training loss at every step**: each bar reaches from the lowest to the highest loss of its column, over "
        "all runs. Dark line: running mean. Grey lines: those of the other two orders, from the same first weights."
    )
    domain, sentences = training_domain(view.results), []
    for column, order in zip(st.columns(len(ORDERS), gap="medium"), ORDERS, strict=True):
        of_order = curve_sentences(view.results, order)
        with column:
            st.markdown(f"**{order.capitalize()}**")
            draw_training(view, order, domain)
            st.markdown(as_list(of_order))
        sentences += [f"{order.capitalize()}: {sentence}" for sentence in of_order]
    return sentences


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


def draw_validation(view: View) -> str:
    """Returns what it shows as a sentence."""
    results: OrdersResults = view.results
    tables = [curves.validation_tables("tokens") for curves in results.curves.values()]
    lines, mean = (
        pd.concat([table.assign(order=order) for order, table in zip(ORDERS, part, strict=True)], ignore_index=True)
        for part in zip(*tables, strict=True)
    )
    y = charts.round_domain(lines["loss"].min(), lines["loss"].max()) if len(lines) else (0.0, 4.5)
    sentence = charts.describe_orders(mean)
    draw(
        spec_of(charts.order_loss_chart, ORDERS, theme()),
        "order_validation",
        f"Validation loss by order: {LIVE_ALT}" if view.live else sentence,
        lines=lines[["x", "loss", "order", "seed"]],
        mean=mean[["x", "mean", "low", "high", "order"]],
        rules=epoch_rules(results),
        frame=charts.frame_corners((0.0, float(results.spec.race.train.max_tokens)), y),
    )
    return sentence


def training_domain(results: OrdersResults) -> tuple[float, float]:
    """One axis for all orders, so that they can be compared."""
    columns = (curves.training_columns("tokens", results.spec.batch_size) for curves in results.curves.values())
    return loss_domain(columns)


def draw_training(view: View, order: str, domain: tuple[float, float]) -> None:
    """The losses of one order at every step, of all its runs."""
    results: OrdersResults = view.results
    race, size, color = results.spec.race, results.spec.batch_size, charts.PALETTES[theme()].orders[ORDERS.index(order)]
    columns = {each: curves.training_columns("tokens", size) for each, curves in results.curves.items()}
    last = [results.curves[order].last_loss(size, seed) for seed in race.train.seeds]
    draw(
        spec_of(charts.panel_chart, color, theme(), rules=True),
        f"order_training_{order}",
        f"Training loss, {order}: {LIVE_ALT}" if view.live else last_losses_sentence(order, last),
        columns=columns[order],
        ghosts=ghosts_behind(order, {each: ghost_of(place, columns[each]) for place, each in enumerate(columns)}),
        rules=epoch_rules(results, order),
        frame=charts.frame_corners((0.0, float(race.train.max_tokens)), domain),
    )
