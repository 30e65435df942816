"""Claims about how fast a batch size is, judged by a race. Shapes: R seeds."""

from dataclasses import dataclass

import numpy as np

from core.experiments.race.results import RaceResults
from core.lessons.check_the_claims.verdicts.race import CostToTarget, cost_to_target, targetless, unless
from core.lessons.check_the_claims.verdicts.verdict import Outcome, Verdict
from core.measure.comparison import ratio_of
from core.measure.estimate import Estimate


@dataclass(frozen=True, kw_only=True)
class SpeedVerdict(Verdict):
    """A batch size against another, by the token and by the clock."""

    batch_size: int
    other: int
    speed: Estimate  # tokens a second, over the other's
    seconds: Estimate  # to the target, over the other's
    rates: dict[int, float]  # learning rates, by batch size

    @property
    def by_token(self) -> int:
        """1 where it is faster, -1 where it is slower, 0 where it is too close to call."""
        return sign(self.speed)

    @property
    def by_clock(self) -> int:
        return -sign(self.seconds)


@dataclass(frozen=True, kw_only=True)
class CompromiseVerdict(Verdict):
    """The price of a batch size is the largest of three factors, by which its steps, its tokens and its seconds to the
    target exceed the least of all batch sizes."""

    small: int
    medium: int
    large: int
    prices: dict[int, float]  # by batch size; geometric means over the seeds
    ratios: dict[int, Estimate]  # of the small and of the large one's, over the medium one's
    rates: dict[int, float]  # learning rates, by batch size

    @property
    def better(self) -> int | None:
        """The one of the other two that beats the medium one, if one does."""
        better = [b for b, ratio in self.ratios.items() if ratio.below(1)]
        return min(better, key=self.prices.__getitem__) if better else None


@unless(targetless)
def slower(race: RaceResults) -> SpeedVerdict:
    """Small batches are slower: the smallest against the largest."""
    return by_token_and_clock(race, race.batch_sizes[0], race.batch_sizes[-1], claimed=-1)


@unless(targetless)
def fast(race: RaceResults) -> SpeedVerdict:
    """Large batches are fast: the largest against the one before it."""
    return by_token_and_clock(race, race.batch_sizes[-1], race.batch_sizes[-2], claimed=1)


@unless(targetless)
def balanced(race: RaceResults) -> CompromiseVerdict:
    """Medium batches are balanced: none of the others has a lower price."""
    small, medium, large = race.batch_sizes[0], race.batch_sizes[len(race.batch_sizes) // 2], race.batch_sizes[-1]
    prices = prices_of(cost_to_target(race))
    ratios = {}
    for b in (small, large):
        speed = speed_ratio(race, b, medium)  # the seeds' scatter, and that of the timings
        unit = Estimate(1.0, speed.low / speed.value, speed.high / speed.value)
        ratios[b] = ratio_of(prices[b], prices[medium]).times(unit)
    if all(ratio.above(1) for ratio in ratios.values()):
        outcome = Outcome.HOLDS
    else:
        outcome = Outcome.FAILS if any(ratio.below(1) for ratio in ratios.values()) else Outcome.UNRESOLVED
    return CompromiseVerdict(
        outcome=outcome,
        small=small,
        medium=medium,
        large=large,
        prices={b: float(np.exp(np.log(each).mean())) for b, each in prices.items()},
        ratios=ratios,
        rates=rates_of(race),
    )


def by_token_and_clock(race: RaceResults, batch_size: int, other: int, claimed: int) -> SpeedVerdict:
    """Whether a batch size is faster than another, where 1 is claimed, or slower, where -1 is."""
    speed = speed_ratio(race, batch_size, other)
    seconds = seconds_ratio(race, cost_to_target(race), batch_size, other)
    signs = sign(speed), -sign(seconds)
    if claimed in signs:
        outcome = Outcome.HOLDS if signs == (claimed, claimed) else Outcome.PARTLY
    else:
        outcome = Outcome.FAILS if -claimed in signs else Outcome.UNRESOLVED
    return SpeedVerdict(
        outcome=outcome, batch_size=batch_size, other=other, speed=speed, seconds=seconds, rates=rates_of(race)
    )


def sign(ratio: Estimate) -> int:
    """1 where it lies above 1, -1 where it lies below, 0 where its interval holds 1."""
    return int(ratio.above(1)) - int(ratio.below(1))


def speed_ratio(race: RaceResults, batch_size: int, other: int) -> Estimate:
    """How many times as many tokens a second: the first timing against the first, and so on; t interval over them."""
    rounds = min(len(race.probes[batch_size]), len(race.probes[other]))
    seconds = ratio_of(np.array(race.probes[other][:rounds]), np.array(race.probes[batch_size][:rounds]))
    share = batch_size / other
    return seconds.scaled(share)


def seconds_ratio(race: RaceResults, cost: CostToTarget, batch_size: int, other: int) -> Estimate:
    """How many times as long to the target: its steps, seed by seed, times the time of a step."""
    tokens = ratio_of(cost.tokens[batch_size], cost.tokens[other])
    return tokens.times(speed_ratio(race, other, batch_size))


def prices_of(cost: CostToTarget) -> dict[int, np.ndarray]:
    """(R,) by batch size."""
    factors: dict[int, list[np.ndarray]] = {b: [] for b in cost.steps}
    for costs in (cost.steps, cost.tokens, cost.seconds):
        least = np.min(list(costs.values()), axis=0)  # (R,)
        for b in factors:
            factors[b].append(costs[b] / least)
    return {b: np.max(each, axis=0) for b, each in factors.items()}


def rates_of(race: RaceResults) -> dict[int, float]:
    return {b: race.spec.train.learning_rate_at(b) for b in race.batch_sizes}
