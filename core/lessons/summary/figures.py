"""The numbers of the summary, each from the results of one lesson, with its 95% interval where there is one. None where
it was not measured."""

import numpy as np

from core.batches import WindowStream
from core.experiments.noise.results import NoiseResults
from core.experiments.orders.results import OrdersResults
from core.experiments.parallel.results import ParallelResults
from core.experiments.race.results import RaceResults
from core.experiments.step_cost.results import StepCostResults
from core.experiments.sweep.results import SweepResults
from core.lessons.summary.evidence import Timed
from core.measure.comparison import difference_of, mean_and_half_width, ratio_of
from core.measure.estimate import Estimate
from core.measure.time_to_target import Soonest, soonest_of, steps_of


def three_of(sizes: tuple[int, ...]) -> dict[str, int]:
    """Which batch sizes stand for small, medium and large: the first, the middle and the last.

    >>> three_of((4, 16, 64, 256)), three_of((8, 32))
    ({'small': 4, 'medium': 64, 'large': 256}, {'small': 8, 'large': 32})
    """
    if len(sizes) < 3:
        return dict(zip(("small", "large"), sizes, strict=False))
    return {"small": sizes[0], "medium": sizes[len(sizes) // 2], "large": sizes[-1]}


def geometric_mean(values: np.ndarray) -> Estimate:
    """Of values above 0, with the t interval of the logarithm."""
    return ratio_of(values, np.ones(len(values)))


# ---- of a batch size


def tokens_a_second(race: RaceResults, batch_size: int) -> Estimate | None:
    """Of one run alone, over the timings of its step."""
    taken = np.array(race.probes.get(batch_size, ()))
    return geometric_mean(batch_size * race.spec.block_size / taken) if len(taken) else None


def step_bytes(speed: StepCostResults, batch_size: int) -> int | None:
    """All that a step holds at its worst moment, counted."""
    parts = speed.by_batch_size().get(batch_size)
    return sum(parts.values()) if parts else None


def loss_noise(race: RaceResults, batch_size: int) -> Estimate | None:
    """Nats, from step to step."""
    noise = race.noise.get(batch_size)
    return noise.estimate if noise else None


def last_noise_step(noise: NoiseResults) -> int | None:
    """The last step at which all has been measured."""
    return max(noise.scales, default=None)


def gradient_noise(noise: NoiseResults, batch_size: int) -> Estimate | None:
    """How far a batch's gradient lies from the whole text's, in lengths of the latter, at the last step."""
    if (step := last_noise_step(noise)) is None:
        return None
    table = noise.spread_table(step, "gradient").set_index("batch_size")
    if batch_size not in table.index:
        return None
    length = noise.scales[step].whole_grad_sq_norm ** 0.5
    return Estimate(*(table.loc[batch_size, ["sigma", "low", "high"]] / length).tolist())


def validation_loss(race: RaceResults, batch_size: int) -> Estimate | None:
    """Nats, at the most tokens that all batch sizes have been validated after; over the seeds."""
    _, losses = race.validation_at_equal("tokens")
    if batch_size not in losses:
        return None
    mean, half = mean_and_half_width(losses[batch_size])
    return Estimate(mean, mean - half, mean + half)


# ---- the time to a target


def target_of(sweep: SweepResults, target: float = 0.0) -> float:
    """The visitor's, or a loss that every batch size reaches; NaN while none is known."""
    return target or sweep.usual_target() or np.nan


def both_of(timed: Timed, target: float) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """(steps to the target, seconds of a step), of the batch sizes that have both."""
    steps, taken = steps_of(timed.sweep.runs_to(target)), timed.speed.one_pass
    both = sorted(steps.keys() & taken.keys())
    return {b: steps[b] for b in both}, {b: taken[b] for b in both}


def seconds_to_target(timed: Timed, target: float, batch_size: int) -> Estimate | None:
    """Steps, over the seeds, times the time of one, over the rounds."""
    steps, taken = both_of(timed, target)
    if batch_size not in steps:
        return None
    return geometric_mean(steps[batch_size]).times(geometric_mean(taken[batch_size]))


def soonest(timed: Timed, target: float) -> Soonest | None:
    return soonest_of(*both_of(timed, target))


# ---- of a strategy


def sequential_minus_shuffled(orders: OrdersResults) -> Estimate | None:
    """Validation losses at equal tokens, in nats, paired over the seeds."""
    _, losses = orders.losses_at_equal()
    if not losses.keys() >= {"sequential", "shuffled"}:
        return None
    return difference_of(losses["sequential"], losses["shuffled"])


def unread_at_random(orders: OrdersResults) -> float | None:
    """The share of the text that random windows leave unread, drawn as often as an epoch has windows; counted."""
    if not (begun := orders.started):
        return None
    race = orders.spec.race
    stream = WindowStream(num_tokens=begun.train_tokens, block_size=race.block_size, seed=race.train.first_seed)
    return float((stream.coverage(begun.epoch_size) == 0).mean())


def split_shown(splits: StepCostResults) -> int | None:
    """The micro-batch size in the middle of those that were tried and timed."""
    sizes = [m for m in splits.spec.micro_batch_sizes if m in splits.differences and m in splits.by_micro_batch()]
    return sizes[len(sizes) // 2] if sizes else None


def split_time(splits: StepCostResults, micro_batch_size: int) -> Estimate | None:
    """Over the time of the batch in one pass, over the rounds."""
    taken, size = splits.by_micro_batch(), splits.spec.split_size
    if len(taken.get(size, ())) < 2 or len(taken[micro_batch_size]) != len(taken[size]):
        return None
    return ratio_of(taken[micro_batch_size], taken[size])


def activation_share(splits: StepCostResults, micro_batch_size: int) -> float | None:
    """Activations of a micro-batch over those of the batch in one pass, counted."""
    kept, size = splits.activation_bytes, splits.spec.split_size
    return kept[micro_batch_size] / kept[size] if {micro_batch_size, size} <= kept.keys() else None


def difference_of_ranks(parallel: ParallelResults) -> float | None:
    """Between the average over the ranks and the whole batch's gradient, as a share of the latter; the largest seen."""
    return max((step.difference for step in parallel.steps if step.difference is not None), default=None)
