"""What settles a question: from the results of a measurement, a number for each of its seeds, draws or rounds, and what
they say together."""

from collections.abc import Callable

import numpy as np

from core.classroom.activity import Settled, factor_estimate, mean_estimate
from core.classroom.measurement import NOISE_STEP
from core.experiments.draws.results import DrawsResults
from core.experiments.noise.results import NoiseResults
from core.experiments.race.results import RaceResults
from core.experiments.step_cost.results import StepCostResults
from core.measure.comparison import lead_of
from core.measure.estimate import Estimate
from core.measure.targets import steps_to_target


def settled_by(values: np.ndarray, estimate: Callable[[np.ndarray], Estimate] = factor_estimate) -> Settled:
    """With the interval of those that are known, NaN being those that are not."""
    known = values[np.isfinite(values)]
    return Settled(values, estimate(known) if len(known) > 1 else None)


# ---- races


def ended(race: RaceResults, batch_size: int, name: str) -> np.ndarray:
    """A number of the summary of each run at that batch size, (R,); NaN of runs that have not ended, or diverged."""
    found = (race.summaries.get((batch_size, seed)) for seed in race.spec.train.seeds)
    return np.array([np.nan if each is None else getattr(each, name) for each in found], dtype=float)


def all_ended(race: RaceResults) -> np.ndarray:
    """Whether all runs of a seed have ended, and none of them diverged: (R,)."""
    return np.all([np.isfinite(ended(race, b, "final_val_loss")) for b in race.batch_sizes], axis=0)


def noise_ratio(race: RaceResults) -> Settled:
    """The noise of the smallest batch size's loss over that of the largest, a number a seed."""
    small, large = (ended(race, b, "loss_noise") for b in (race.batch_sizes[0], race.batch_sizes[-1]))
    return settled_by(small / large)


def steps_ratio(race: RaceResults) -> Settled:
    """The steps of the smallest batch size over those of the largest, to the lowest loss that both have come to."""
    values = np.full(race.spec.train.num_seeds, np.nan)
    curves = [race.evaluations(b)[:2] for b in (race.batch_sizes[0], race.batch_sizes[-1])]
    for place in np.flatnonzero(all_ended(race)):
        columns = [(steps, losses[:, place]) for steps, losses in curves]
        target = max(np.nanmin(losses) for _, losses in columns)
        small, large = (steps_to_target(steps, losses, target) for steps, losses in columns)
        values[place] = small / large if large else np.nan
    return settled_by(values)


def leader(axis: str, race: RaceResults) -> Settled:
    """Which batch size has the lowest validation loss where all have come to at equal steps, tokens or seconds; the
    values are how far the leader is ahead of the next one."""
    done = all_ended(race)
    if done.sum() < 2:
        return Settled(np.full(len(done), np.nan))
    _, losses = race.validation_at_equal(axis)
    lead = lead_of({b: values[done] for b, values in losses.items()})
    if lead is None:
        return Settled(np.full(len(done), np.nan))
    first, second = int(lead.leader), int(lead.second)
    ahead = np.where(done, losses[second] - losses[first], np.nan)
    option = race.batch_sizes.index(first) if lead.resolved else None
    return Settled(ahead, lead.difference, option)


def nothing(race: RaceResults) -> Settled:
    """Of a teacher's own question: the class has to read the answer off the race."""
    return Settled()


# ---- other measurements


def percents(draws: DrawsResults) -> Settled:
    """What was counted in each draw."""
    return settled_by(draws.values(), mean_estimate)


def speed_ratio(cost: StepCostResults) -> Settled:
    """The windows a second of the largest batch over those of the smallest, a number a round."""
    found = cost.windows_a_second()
    sizes = cost.spec.batch_sizes
    return settled_by(found[sizes[-1]] / found[sizes[0]] if found else np.empty(0))


def time_ratio(cost: StepCostResults) -> Settled:
    """The time of a step in the smallest micro-batches over that of the same step in one pass, a number a round."""
    found = cost.by_micro_batch()
    return settled_by(found[min(found)] / found[max(found)] if found else np.empty(0))


def noise_scale(noise: NoiseResults) -> Settled:
    """Windows in a batch whose gradient is within 45 degrees of the whole text's. With the square of the cosine at
    |G|^2 / (|G|^2 + tr Sigma / B) it is 1/2 where B is the simple noise scale, tr Sigma / |G|^2."""
    found = noise.scales.get(NOISE_STEP)
    return Settled(estimate=found.estimate if found else None)
