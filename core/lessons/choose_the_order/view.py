"""A race of the three orders on a page: their curves, who leads, and what the order does to the training loss."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.batches import ORDERS
from core.experiments.orders.results import OrdersResults
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.messages import Noise
from core.measure.comparison import Estimate, difference_of, lead_of
from core.measure.noise import with_neighbours
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.experiment import View
from core.ui.overfitting import show_overfitting
from core.ui.page import plain
from core.ui.texts import source_title

MAX_RULES = 6  # ends of epochs that are drawn
number = charts.format_significant


def draw_orders(view: View) -> None:
    """All charts and sentences, in the same places whatever has arrived."""
    results, live, recorded = view.results, view.live, view.recorded
    st.caption(plain(summary_of(results.spec)))
    with st.container():  # always there, so that what follows keeps its place
        if gone := [order for order, curves in results.curves.items() if curves.divergences]:
            st.warning(f"Left all bounds and ended early, so it is not compared: {', '.join(gone)}.")
    left, right = st.columns([1.6, 1], gap="medium")
    with left:
        st.markdown("**Validation loss**, on text that no run trains on. Band: 95% t interval of the seeds' mean.")
        said = [draw_validation(results, live, recorded)]
    with right:
        st.markdown(lead_statement(results, live))
        st.markdown("Differences, paired over the seeds, with 95% t intervals:")
        st.markdown("\n".join(f"- {line}" for line in difference_lines(results)) or "Not measured yet.")
    rises = {order: rise for order, curves in results.curves.items() for rise in curves.rises().values()}
    show_overfitting(rises, results.started)
    st.markdown(
        "**Training loss at every step**, nothing averaged. Every line is a seed, with the same first weights in all "
        "three orders."
    )
    domain = training_domain(results)
    for column, order in zip(st.columns(len(ORDERS), gap="medium"), ORDERS, strict=True):
        with column:
            st.markdown(f"**{order.capitalize()}**")
            draw_training(results, order, domain, live)
            st.markdown("\n".join(f"- {line}" for line in curve_lines(results, order)))
    with st.expander("The charts in numbers"):
        said += [f"{order.capitalize()}: {line}" for order in ORDERS for line in curve_lines(results, order)]
        st.markdown("\n\n".join(plain(sentence.replace("**", "")) for sentence in said))


def summary_of(spec: OrdersSpec) -> str:
    """What was raced, for the case that the choices have changed since."""
    race, plan = spec.race, spec.race.train
    return (
        f"This race: {source_title(race.source)}, tokens by {race.tokenizer}; block size {race.block_size}; B = "
        f"{spec.batch_size}; {charts.counted(race.n_layer, 'layer')}, {charts.counted(race.n_head, 'head')}, "
        f"{race.n_embd} channels; learning rate {plan.learning_rate:g}; seeds {plan.seeds[0]} to {plan.seeds[-1]}; "
        f"{charts.format_count(plan.max_tokens)} tokens a run."
    )


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


def draw_validation(results: OrdersResults, live: bool, recorded: bool) -> str:
    """Returns what it shows as a sentence."""
    tables = [curves.validation_tables("tokens") for curves in results.curves.values()]
    lines, mean = (
        pd.concat([table.assign(order=order) for order, table in zip(ORDERS, part, strict=True)], ignore_index=True)
        for part in zip(*tables, strict=True)
    )
    y = charts.round_domain(lines["loss"].min(), lines["loss"].max()) if len(lines) else (0.0, 4.5)
    sentence = charts.describe_orders(mean)
    draw(
        spec_of(charts.order_loss_chart, ORDERS, theme(), recorded=recorded),
        "order_validation",
        f"Validation loss by order: {LIVE_ALT}" if live else sentence,
        lines=lines[["x", "loss", "order", "seed"]],
        mean=mean[["x", "mean", "low", "high", "order"]],
        rules=epoch_rules(results),
        frame=charts.frame_corners((0.0, float(results.spec.race.train.max_tokens)), y),
    )
    return sentence


def training_domain(results: OrdersResults) -> tuple[float, float]:
    """One axis for all orders, so that they can be compared."""
    tables = [curves.training_tables("tokens")[0]["loss"] for curves in results.curves.values()]
    losses = pd.concat(tables)
    return charts.round_domain(losses.min(), losses.max()) if len(losses) else (0.0, 4.5)


def draw_training(results: OrdersResults, order: str, domain: tuple[float, float], live: bool) -> None:
    lines, _ = results.curves[order].training_tables("tokens")
    last = lines.groupby("seed")["loss"].last()
    at_end = f"{number(last.min())} to {number(last.max())}" if len(last) else charts.NOT_MEASURED
    draw(
        spec_of(charts.order_training_chart, ORDERS, order, theme()),
        f"order_training_{order}",
        f"Training loss, {order}: " + (LIVE_ALT if live else f"the seeds’ last losses are {at_end} nats."),
        lines=lines[["x", "loss", "seed"]],
        rules=epoch_rules(results, order),
        frame=charts.frame_corners((0.0, float(results.spec.race.train.max_tokens)), domain),
    )


# ---- who leads


def lead_statement(results: OrdersResults, live: bool) -> str:
    """Which order has the lowest validation loss now, and whether the seeds can tell."""
    tokens, losses = results.losses_at_equal()
    lead = lead_of(losses)
    if lead is None:
        return "**Who leads?** Not measured yet."
    said = (
        f"**After {charts.format_count(tokens)} tokens, {lead.leader} has the lowest validation loss, "
        f"{lead.loss:.3f}.** Next is {lead.second}, {lead.difference:.3f} behind"
    )
    if lead.num_seeds == 1:
        return f"{said}. One seed cannot tell whether that is chance."
    resolved = "resolved so far" if live else "resolved"
    return f"{said}: {resolved if lead.resolved else '**not resolved**, these seeds cannot tell the two apart'}."


def difference_lines(results: OrdersResults) -> list[str]:
    """Each order against each other, on new text, and sequential against shuffled on the training text itself."""
    pairs = (("random", "shuffled"), ("sequential", "shuffled"), ("sequential", "random"))
    lines = [
        f"{first} less {second}: {told(found)}"
        for first, second in pairs
        if (found := difference(results, first, second))
    ]
    if found := difference(results, "sequential", "shuffled", "training"):
        lines.append(f"the same on fixed windows of the **training** text, sequential less shuffled: {told(found)}")
    return lines


def difference(results: OrdersResults, first: str, second: str, what: str = "validation") -> Estimate | None:
    """The first order's loss less the second's at equal tokens; None where one of them has none."""
    _, losses = results.losses_at_equal(what)
    if not (losses.keys() >= {first, second}):
        return None
    return difference_of(losses[first], losses[second])


def told(found: Estimate) -> str:
    """A difference in words.

    >>> told(Estimate(0.326, 0.265, 0.387))
    '**+0.326 nats** (+0.265 to +0.387), resolved'
    """
    value = f"**{signed(found.value)} nats**"
    if np.isnan(found.low):
        return f"{value}; one seed cannot tell whether that is chance"
    sure = found.above(0) or found.below(0)
    return f"{value} ({signed(found.low)} to {signed(found.high)}), {'resolved' if sure else '**not resolved**'}"


def signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


# ---- the curve of one order


def curve_lines(results: OrdersResults, order: str) -> list[str]:
    """How the training loss of an order jumps, whether it comes in waves, and what happens where an epoch ends."""
    noise, wave = results.noise.get(order), results.wave(order)
    if not (noise and wave):
        return ["Its noise: not measured yet."]
    lines = [
        jumps_line(noise),
        f"Means of {results.waves[order].width} steps vary **{number(wave.value)} times** as much "
        f"({number(wave.low)} to {number(wave.high)}) as those of independent losses: {wave_words(wave)}.",
    ]
    if order in results.edges:
        lines.append(edge_line(results, order))
    return lines


def jumps_line(noise: Noise) -> str:
    """How noisy a loss is from step to step; where neighbours hang together, the interval of independent losses is not
    its interval, and is not shown."""
    right = with_neighbours(noise.sigma, noise.lag1, noise.num_differences)
    if right is None:
        value = f"**{number(noise.sigma)} nats** ({number(noise.low)} to {number(noise.high)})"
        return f"Jumps from step to step: {value}; neighbours hang together no more than by chance."
    return (
        f"Jumps from step to step: about **{number(right)} nats**; from one step to the next they are correlated by "
        f"{signed(noise.lag1)}."
    )


def wave_words(wave: Estimate) -> str:
    return "**slow waves**" if wave.above(1) else "calmer than chance" if wave.below(1) else "no waves can be told"


def edge_line(results: OrdersResults, order: str) -> str:
    """What the loss does where the first epoch ends, beside what it does there in random order, which has no end."""
    before, behind = results.edges[order]
    steps = results.edge_steps
    if order == "random":
        place = f"From {charts.counted(steps, 'step')} before an epoch's worth to as many behind it, where nothing ends"
        return f"{place}: {told(difference_of(behind, before))}."
    last, first = (f"last {steps} steps", f"first {steps}") if steps > 1 else ("last step", "first")
    said = f"From the {last} of epoch 1 to the {first} of epoch 2: {told(difference_of(behind, before))}"
    if "random" not in results.edges:
        return f"{said}."
    if order == "sequential":
        said += " (before and behind stand other passages, the same for every seed)"
    usual = np.subtract(*reversed(results.edges["random"]))
    return f"{said}. Less what random does there: {told(difference_of(behind - before, usual))}."
