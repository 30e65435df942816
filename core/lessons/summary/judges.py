"""What a measurement says to a question of the check: which answer follows from it, and its numbers in a sentence.
Nothing here is known beforehand: where the results do not tell, no answer is right."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core import charts
from core.experiments.noise.results import NoiseResults
from core.experiments.orders.results import OrdersResults
from core.experiments.parallel.results import ParallelResults
from core.experiments.race.results import RaceResults
from core.experiments.step_cost.results import StepCostResults
from core.lessons.summary.evidence import Padding
from core.lessons.summary.figures import sequential_minus_shuffled
from core.lessons.summary.tables import signed
from core.lessons.summary.words import noise_at_four_times
from core.measure.comparison import GAP_THAT_MATTERS, Estimate, difference_of
from core.ui.sentences import between

ROUNDING = 1e-5  # of the gradient's length: what float32 may leave between two ways of adding up
number, size_of = charts.format_significant, charts.format_bytes


@dataclass(frozen=True)
class Found:
    """What a measurement says."""

    right: str | None  # the name of the answer that follows; None where it is not resolved
    said: str  # the measurement, with its numbers


TOO_EARLY = Found(None, "Too little has been measured so far.")


def only(matches: list[str]) -> str | None:
    """The one match; None for none, or several."""
    return matches[0] if len(matches) == 1 else None


# ---- counted


def tokens(parallel: ParallelResults) -> Found:
    """How many targets the ranks counted in a step."""
    if not parallel.steps or not parallel.ranks:
        return TOO_EARLY
    parts = [rank.num_targets for rank in parallel.steps[-1].ranks]
    B, T = parallel.ranks.batch_size, parallel.spec.race.block_size
    meant = {"windows": B, "block": T, "product": B * T}
    right = only([name for name, count in meant.items() if count == sum(parts)])
    counted = " + ".join(map(str, parts)) + (f" = {sum(parts)}" if len(parts) > 1 else "")
    return Found(right, f"The processes that shared such a batch counted their targets: {counted}.")


def updates(race: RaceResults) -> Found:
    """How many steps the largest batch size made, over those of the smallest."""
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    if race.divergences or small == large:
        return Found(None, "A run diverged." if race.divergences else "That race has one batch size.")
    if race.share < 1:
        return TOO_EARLY
    times, ratio = large / small, race.steps[large] / race.steps[small]
    meant = {"same": 1.0, "more": times, "fewer": 1 / times}
    right = only([name for name, each in meant.items() if abs(np.log(ratio / each)) < np.log(times) / 4])
    return Found(
        right,
        f"In the race B = {small:,} made {race.steps[small]:,} updates and B = {large:,} made {race.steps[large]:,}, "
        f"each from {charts.format_count(race.spec.train.max_tokens)} tokens.",
    )


def memory(speed: StepCostResults) -> Found:
    """Which of the parts grow from the smallest batch size to the largest."""
    parts = speed.by_batch_size()
    if len(parts) < 2:
        return TOO_EARLY
    small, large = min(parts), max(parts)
    named = {"weights": "weights", "optimizer": "AdamW's averages", "activations": "activations"}
    right = only([part for part in named if parts[large][part] > parts[small][part]])
    sizes = "; ".join(
        f"{name} {size_of(parts[small][part])} and {size_of(parts[large][part])}" for part, name in named.items()
    )
    return Found(right, f"At B = {small:,} and at B = {large:,}: {sizes}. Counted to the byte.")


def padding(counts: Padding) -> Found:
    """Which way leaves more of the slots empty."""
    meant = {
        "padded": counts.padded > counts.packed,
        "packed": counts.packed > counts.padded,
        "same": counts.packed == counts.padded,
    }
    return Found(
        only([name for name, holds in meant.items() if holds]),
        f"Of {charts.counted(counts.num_documents, 'document')}: one a row leaves {100 * counts.padded:.1f}% of the "
        f"slots to padding, packed rows {100 * counts.packed:.1f}%.",
    )


# ---- estimated


def noise(found: NoiseResults) -> Found:
    """Which factor the interval of 4 to the power of the slope holds."""
    factor = noise_at_four_times(found, "loss")
    if factor is None:
        return TOO_EARLY
    meant = {"quarter": 0.25, "half": 0.5, "same": 1.0}
    right = only([name for name, each in meant.items() if factor.low <= each <= factor.high])
    step = max(step for step, quantity in found.slopes if quantity == "loss")
    return Found(
        right,
        f"With the weights frozen after {step:,} steps, four times the batch made the noise of the loss "
        f"{between(factor)} times as large.",
    )


def accumulation(splits: StepCostResults) -> Found:
    """How far the gradients of all splits lie from that of one go. A gradient that is K times too long lies K - 1 of
    its lengths away."""
    apart, size = splits.differences, splits.spec.split_size
    if not apart:
        return TOO_EARLY
    most, m = max((difference, m) for m, difference in apart.items())
    undivided = all(abs(each / (size / m - 1) - 1) < 0.1 for m, each in apart.items())
    meant = {"same": most < ROUNDING, "longer": undivided, "noisier": not undivided and min(apart.values()) > 0.01}
    return Found(
        only([name for name, holds in meant.items() if holds]),
        f"A batch of {size:,} was cut in {len(apart)} ways. The gradient that lay furthest from that of one go, in "
        f"parts of {m:,}, differed by {charts.format_tiny(most)} of its length.",
    )


def ranks(parallel: ParallelResults) -> Found:
    """How far the average of the ranks' gradients lies from the large batch's, in the steps in which both were taken;
    and whether their weights stayed equal."""
    W, compared = parallel.spec.num_ranks, [step for step in parallel.steps if step.difference is not None]
    if not compared:
        return TOO_EARLY
    if W < 2:
        return Found(None, "That training had one process.")
    apart = [step.difference or 0.0 for step in compared]
    summed = all(abs(step.norm / (step.whole_norm or np.inf) / W - 1) < 0.1 for step in compared)
    meant = {"same": max(apart) < ROUNDING, "longer": summed, "noisier": not summed and min(apart) > 0.01}
    weights = max(step.apart for step in parallel.steps)
    copies = "their weights never differed" if weights == 0 else f"a weight differed by up to {number(weights)}"
    return Found(
        only([name for name, holds in meant.items() if holds]),
        f"In {charts.counted(len(compared), 'step')} the average over {W} processes was compared with the gradient of "
        f"the whole batch. They differed by at most {charts.format_tiny(max(apart))} of its length, and {copies}.",
    )


def order(orders: OrdersResults) -> Found:
    """On which side of 0 the difference of the validation losses lies."""
    apart = sequential_minus_shuffled(orders)
    if apart is None or not np.isfinite(apart.low):
        return TOO_EARLY
    return Found(
        side(apart, {1: "higher", -1: "lower", 0: "same"}),
        f"At equal tokens, front to back minus shuffled: {interval(apart)}, over {orders.spec.race.train.num_seeds} "
        "seeds.",
    )


def better(race: RaceResults) -> Found:
    """The largest batch size's validation loss against the lowest of the others, paired over the seeds."""
    tokens_read, losses = race.validation_at_equal("tokens")
    large = race.batch_sizes[-1]
    if large not in losses or len(losses) < 2 or len(losses[large]) < 2:
        return TOO_EARLY
    other = min((b for b in losses if b != large), key=lambda b: losses[b].mean())
    apart = difference_of(losses[large], losses[other])
    return Found(
        side(apart, {1: "no", -1: "yes", 0: "same"}),
        f"After {charts.format_count(tokens_read)} tokens, the loss of B = {large:,} minus that of B = {other:,}, the "
        f"lowest of the others: {interval(apart)}.",
    )


def side(difference: Estimate, names: Mapping[int, str]) -> str | None:
    """Above 0, below it, or so near that it does not matter; None where these runs cannot tell."""
    if difference.above(0):
        return names[1]
    if difference.below(0):
        return names[-1]
    near = difference.above(-GAP_THAT_MATTERS) and difference.below(GAP_THAT_MATTERS)
    return names[0] if near else None


def interval(difference: Estimate) -> str:
    value, low, high = (signed(each, "+") for each in (difference.value, difference.low, difference.high))
    return f"{value} nats (95% interval {low} to {high})"
