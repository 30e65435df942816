"""The orders in sentences: what their windows have read, which one leads in the race, how the curves jump."""

import math
from collections.abc import Sequence

import numpy as np

from core import charts
from core.experiments.orders.results import OrdersResults
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.messages import Noise
from core.lessons.choose_the_order.coverage import Drawn, expected_of
from core.lessons.choose_the_order.differences import EpochEdge, difference, edge_of
from core.measure.comparison import difference_of, lead_of, mean_and_half_width
from core.measure.estimate import Estimate
from core.measure.noise import with_neighbours
from core.ui.sentences import interval, model_size, source_title

number = charts.format_significant


# ---- what was read


def amount_sentence(drawn: Drawn, batch_size: int) -> str:
    """How many windows that are, in steps, epochs and tokens."""
    stream, steps = drawn.stream, drawn.num_examples / batch_size
    digits = 0 if steps.is_integer() or steps > 100 else 1
    return (
        f"**{drawn.num_examples:,} windows** of {stream.block_size} tokens: {steps:,.{digits}f} "
        f"steps of B = {batch_size:,}, {drawn.num_examples * stream.block_size:,} tokens read, "
        f"**{number(drawn.epochs)} epochs' worth** of a text of {stream.num_tokens:,} tokens."
    )


def unread_sentence(drawn: Drawn) -> str:
    """How much one order has left unread, and how often the same was read."""
    return (
        f"Not read: **{percent(drawn.unseen)}**, {charts.counted(drawn.num_unseen, 'token')}. "
        f"The most read token: {charts.counted(int(drawn.counts.max()), 'time')}."
    )


def theory_sentence(drawn: Drawn) -> str:
    """Why random windows leave out what they leave out, with the numbers of this text."""
    N, T, n = drawn.stream.num_tokens, drawn.stream.block_size, drawn.num_examples
    expected = expected_of(drawn)
    miss = f"1 - {T} / {N - T:,}".replace(",", "{,}")
    power = f"{n:,}".replace(",", "{,}")
    return (
        f"**What to expect of random windows.** A window starts at one of N − T = {N - T:,} places, and a token in "
        f"the middle of the text is read by {T:,} of these windows. One draw misses it with probability ${miss}$, and "
        f"{n:,} draws all miss it with probability $({miss})^{{{power}}}$ = **{percent(expected.in_the_middle)}**. "
        f"Tokens near the ends are read by fewer: over the whole text, **{percent(expected.everywhere)}** should be "
        f"unread, and **{percent(drawn.unseen)}** is. After one epoch's worth, n = N/T, the formula is near "
        f"$(1 - 1/n)^n$, and that is near **1/e = {percent(expected.of_a_long_text)}** unread, "
        f"{percent(1 - expected.of_a_long_text)} read, on any long text."
    )


def percent(share: float) -> str:
    """
    >>> percent(0.36788), percent(0.999964), percent(0.0), percent(1.0), percent(3.6e-5)
    ('36.8%', '99.9964%', '0%', '100%', '0.0036%')
    """
    rest = min(share, 1 - share)
    digits = 1 if rest >= 0.01 or rest <= 0 else 1 - math.floor(math.log10(100 * rest))
    return "0%" if share == 0 else "100%" if share == 1 else f"{100 * share:.{digits}f}%"


# ---- the race


def summary_of(spec: OrdersSpec) -> str:
    """What was raced, for the case that the choices have changed since."""
    race, plan = spec.race, spec.race.train
    unit = {"char": "character", "byte": "byte", "bpe": "BPE token"}[race.tokenizer]
    seeds = f"seeds {plan.seeds[0]} to {plan.seeds[-1]}" if plan.num_seeds > 1 else f"seed {plan.seeds[0]}"
    return (
        f"This race: {source_title(race.source)}; one token per {unit}; block size {race.block_size}; B = "
        f"{spec.batch_size}; {model_size(race)}; learning rate {plan.learning_rate:g}; "
        f"{charts.counted(plan.num_seeds, 'run')} of each order ({seeds}), {charts.format_count(plan.max_tokens)} "
        "tokens each."
    )


def answer_sentence(results: OrdersResults, live: bool) -> str:
    """Which order has the lowest validation loss, and how much higher the others are."""
    tokens, losses = results.losses_at_equal()
    lead = lead_of(losses)
    if lead is None:
        return "Which order learns most shows after the first validations."
    text = (
        f"**{str(lead.leader).capitalize()}** order has the lowest validation loss{' so far' if live else ''}: "
        f"{lead.loss:.3f} nats per token after {charts.format_count(tokens)} tokens."
    )
    complete = [order for order in losses if np.isfinite(losses[order]).all() and order != lead.leader]
    others = sorted(complete, key=lambda order: losses[order].mean())
    higher = [higher_sentence(order, losses[order], losses[str(lead.leader)]) for order in others]
    return " ".join([text, *higher]) + waves_sentence(results)


def higher_sentence(order: str, losses: np.ndarray, lowest: np.ndarray) -> str:
    """How much higher the losses (R,) of an order are, and whether the runs show it."""
    apart, runs = difference_of(losses, lowest), len(losses)
    text = f"{order.capitalize()} is {apart.value:.3f} higher"
    if runs == 1:
        return f"{text}; one run cannot show whether that is chance."
    text += f" (95% interval {signed(apart.low)} to {signed(apart.high)})"
    return f"{text}." if apart.above(0) else f"{text}: **too close to call** with {runs} runs."


def waves_sentence(results: OrdersResults) -> str:
    """Whose training loss moves in slow waves; empty where none does."""
    waves = {order: wave for order in results.curves if (wave := results.wave(order)) and wave.above(1)}
    return f" The training loss of {' and '.join(waves)} order moves in **slow waves**." if waves else ""


def panel_words(results: OrdersResults, order: str) -> str:
    """What stands in the heading of an order's panel: how far its loss jumps from step to step."""
    if not (noise := results.noise.get(order)):
        return ""
    sigma = with_neighbours(noise.sigma, noise.lag1, noise.num_differences) or noise.sigma
    return f"jumps ± {sigma:.2g} nats"


def numbers_of(results: OrdersResults, order: str) -> dict[str, str]:
    """What the charts show of one order, as a row of a table."""
    _, losses = results.losses_at_equal()
    noise, wave, edge = results.noise.get(order), results.wave(order), edge_of(results, order)
    curves = results.curves[order]
    last = [curves.last_loss(results.spec.batch_size, seed) for seed in results.spec.race.train.seeds]
    known = [loss for loss in last if math.isfinite(loss)]
    return {
        "order": order,
        "validation loss at the end": mean_text(losses[order]) if order in losses else charts.NOT_MEASURED,
        "running means of the training loss end at": f"{number(min(known))} to {number(max(known))}"
        if known
        else charts.NOT_MEASURED,
        "jumps, nats": noise_text(noise) if noise else charts.NOT_MEASURED,
        "slow variation (1: none)": f"{number(wave.value)} ({interval(wave)})" if wave else charts.NOT_MEASURED,
        "change at the end of epoch 1, nats": f"{signed(edge.change.value)}" if edge else charts.NOT_MEASURED,
    }


def mean_text(losses: np.ndarray) -> str:
    """The mean of some runs' losses, with its 95% t interval where there is one."""
    mean, half = mean_and_half_width(losses)
    return f"{mean:.3f}" if np.isnan(half) else f"{mean:.3f} ({mean - half:.3f} to {mean + half:.3f})"


def noise_text(noise: Noise) -> str:
    """How far the loss jumps; with an interval only where consecutive losses are not correlated."""
    correlated = with_neighbours(noise.sigma, noise.lag1, noise.num_differences)
    if correlated is not None:
        return f"about {number(correlated)}"
    return f"{number(noise.sigma)} ({interval(noise.estimate)})"


def difference_sentences(results: OrdersResults) -> list[str]:
    """Each order against each other, on new text, and sequential against shuffled on the training text itself."""
    pairs = (("random", "shuffled"), ("sequential", "shuffled"), ("sequential", "random"))
    sentences = [
        f"{first} minus {second}: {difference_text(estimate)}"
        for first, second in pairs
        if (estimate := difference(results, first, second))
    ]
    if trained := difference(results, "sequential", "shuffled", "training"):
        text = difference_text(trained)
        sentences.append(f"the same on fixed windows of the **training** text, sequential minus shuffled: {text}")
    return sentences


def difference_text(estimate: Estimate) -> str:
    """
    >>> difference_text(Estimate(0.326, 0.265, 0.387))
    '**+0.326 nats** (+0.265 to +0.387), resolved'
    """
    value = f"**{signed(estimate.value)} nats**"
    if np.isnan(estimate.low):
        return f"{value}; one run cannot show whether that is chance"
    resolved = "resolved" if estimate.above(0) or estimate.below(0) else "**not resolved**"
    return f"{value} ({signed(estimate.low)} to {signed(estimate.high)}), {resolved}"


def signed(value: float) -> str:
    """
    >>> signed(-0.02), signed(0.1)
    ('−0.020', '+0.100')
    """
    return f"{value:+.3f}".replace("-", "−")


# ---- the curve of one order


def curve_sentences(results: OrdersResults, order: str) -> list[str]:
    """How the training loss of an order jumps, whether it comes in waves, and what happens where an epoch ends."""
    noise, wave, edge = results.noise.get(order), results.wave(order), edge_of(results, order)
    if not (noise and wave):
        return ["Not measured yet."]
    sentences = [noise_sentence(noise), wave_sentence(wave, results.waves[order].width)]
    return [*sentences, edge_sentence(order, edge)] if edge else sentences


def noise_sentence(noise: Noise) -> str:
    """How noisy a loss is from step to step; where consecutive losses are correlated, the interval of independent
    losses is not its interval, and is not shown."""
    correlated = with_neighbours(noise.sigma, noise.lag1, noise.num_differences)
    if correlated is None:
        value = f"**{number(noise.sigma)} nats** ({interval(noise.estimate)})"
        return f"Jumps from step to step: {value}; consecutive losses are not correlated beyond chance."
    return (
        f"Jumps from step to step: about **{number(correlated)} nats**; from one step to the next they are correlated "
        f"by {signed(noise.lag1)}."
    )


def wave_sentence(wave: Estimate, width: int) -> str:
    """How the means of some losses in a row vary, over those of independent losses."""
    verdict = "**slow waves**" if wave.above(1) else "calmer than chance" if wave.below(1) else "no slow waves found"
    return (
        f"Means of {width} steps vary **{number(wave.value)} times** as much "
        f"({interval(wave)}) as those of independent losses: {verdict}."
    )


def edge_sentence(order: str, edge: EpochEdge) -> str:
    """What the loss does where the first epoch ends, and what it does there in random order, which has no end."""
    steps, change = edge.num_steps, difference_text(edge.change)
    if order == "random":
        place = f"From {charts.counted(steps, 'step')} before an epoch's worth to as many after it, where nothing ends"
        return f"{place}: {change}."
    last, first = (f"last {steps} steps", f"first {steps}") if steps > 1 else ("last step", "first")
    text = f"From the {last} of epoch 1 to the {first} of epoch 2: {change}"
    if edge.beyond_random is None:
        return f"{text}."
    passages = " (the text before and after differs, in the same way for every seed)" if order == "sequential" else ""
    return f"{text}{passages}. Minus the change of random order there: {difference_text(edge.beyond_random)}."


def last_losses_sentence(order: str, losses: Sequence[float]) -> str:
    """Where the training losses of the runs stand; NaN where a run has none."""
    known = [loss for loss in losses if math.isfinite(loss)]
    bounds = f"{number(min(known))} to {number(max(known))} nats" if known else charts.NOT_MEASURED
    return f"Training loss, {order}: the runs’ running means end at {bounds}."


def diverged_sentence(orders: Sequence[str]) -> str:
    """Which orders are left out of the comparison."""
    return f"Diverged and ended early, so not compared: {', '.join(orders)}."
