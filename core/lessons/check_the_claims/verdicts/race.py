"""Claims that a race of a small, a medium and a large batch size can judge.

Shapes: E evaluations, R seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

import numpy as np

from core import charts
from core.experiments.race.results import RaceResults
from core.lessons.check_the_claims.verdicts.verdict import (
    FAILS,
    GAP_THAT_MATTERS,
    HOLDS,
    PARTLY,
    TOO_EARLY,
    UNRESOLVED,
    Verdict,
    between,
    mean_of,
    number,
    of_each,
    signed,
)
from core.measure.comparison import Estimate, at_equal, at_equal_loss, difference_of, lead_of, ratio_of, running_mean
from core.measure.noise import with_neighbours
from core.measure.targets import steps_to_target


@dataclass(frozen=True)
class Way:
    """How each batch size came to a validation loss that all of them came to, one value a seed: (R,) each."""

    target: float  # nats per token
    steps: dict[int, np.ndarray]
    tokens: dict[int, np.ndarray]
    seconds: dict[int, np.ndarray]  # of one run alone


def way_to_target(race: RaceResults) -> Way:
    """To the lowest loss, rounded up to a hundredth, that every run has come to. Losses are means of neighbours: the
    first dip of a noisy curve below a line comes too soon, and a small batch's curve is the noisier one."""
    found = {b: (steps, smoothed(losses)) for b in race.batch_sizes for steps, losses, _ in [race.evaluations(b)]}
    target = np.ceil(100 * max(losses.min(axis=0).max() for _, losses in found.values())) / 100
    steps = {
        b: np.array([steps_to_target(at, column, target) for column in losses.T]) for b, (at, losses) in found.items()
    }
    return Way(
        target=float(target),
        steps=steps,
        tokens={b: race.x_of("tokens", b, taken) for b, taken in steps.items()},
        seconds={b: race.x_of("seconds", b, taken) for b, taken in steps.items()},
    )


def smoothed(losses: np.ndarray) -> np.ndarray:
    """Validation losses (E, R) as means over a twenty-fifth of a run, at least each by itself."""
    return running_mean(losses, 1 + 2 * (len(losses) // 50))


def speed_ratio(race: RaceResults, batch_size: int, other: int) -> Estimate:
    """How many times as many tokens a second: the first timing against the first, and so on; t interval over them."""
    rounds = min(len(race.probes[batch_size]), len(race.probes[other]))
    seconds = ratio_of(np.array(race.probes[other][:rounds]), np.array(race.probes[batch_size][:rounds]))
    share = batch_size / other
    return Estimate(share * seconds.value, share * seconds.low, share * seconds.high)


def seconds_ratio(race: RaceResults, way: Way, batch_size: int, other: int) -> Estimate:
    """How many times as long to the target: its steps, seed by seed, times the time of a step."""
    tokens = ratio_of(way.tokens[batch_size], way.tokens[other])
    return tokens.times(speed_ratio(race, other, batch_size))


def complete(race: RaceResults) -> Verdict | None:
    """None if the race can be judged; otherwise a verdict that says why not."""
    gone = sorted(set(race.batch_sizes) - set(race.whole_sizes))
    if gone:
        return Verdict(
            UNRESOLVED,
            f"A run at B = {gone[0]} diverged, so there is nothing to compare: take a smaller learning rate.",
        )
    if not all(len(race.validation[b]) > 1 and race.probes.get(b) for b in race.batch_sizes):
        return TOO_EARLY
    return None


def way_known(race: RaceResults) -> Verdict | None:
    """As `complete`; and there must be a target that every run had before it."""
    if verdict := complete(race):
        return verdict
    target = way_to_target(race).target
    if min(race.evaluations(b)[1][0].min() for b in race.batch_sizes) > target:
        return None
    return Verdict(UNRESOLVED, "Some run never came below its first validation loss.") if race.share == 1 else TOO_EARLY


def of_race(known: Callable[[RaceResults], Verdict | None]) -> Callable:
    """A judge who is asked once `known` finds nothing missing."""

    def decorate(judge: Callable[[RaceResults], Verdict]) -> Callable[[RaceResults], Verdict]:
        @wraps(judge)
        def judged(race: RaceResults) -> Verdict:
            return known(race) or judge(race)

        return judged

    return decorate


def one_rate(race: RaceResults) -> str:
    plan = race.spec.train
    rates = {b: plan.learning_rate_at(b) for b in race.batch_sizes}
    return f"Learning rates: {of_each(rates, '{:g}'.format, '')}. None was tuned; that could change who is first."


def by_token_and_clock(race: RaceResults, batch_size: int, other: int, said_faster: bool) -> Verdict:
    """Whether a batch size is faster (or slower) than another: tokens a second, and seconds to the same loss."""
    way = way_to_target(race)
    speed, seconds = speed_ratio(race, batch_size, other), seconds_ratio(race, way, batch_size, other)
    facts = (
        f"Tokens a second at B = {batch_size} over those at B = {other}: {between(speed)}.",
        f"Seconds to the target at B = {batch_size} over those at B = {other}: {between(seconds)}.",
        one_rate(race),
    )
    tokens = "more" if speed.above(1) else "fewer" if speed.below(1) else ""
    clock = "sooner" if seconds.below(1) else "later" if seconds.above(1) else ""
    by_token = f"reads {tokens} tokens a second than B = {other}" if tokens else "is not seen to differ by the token"
    by_clock = f"is at the target {clock}" if clock else "by the time to the target, nobody can tell"
    agree = ("more", "sooner") if said_faster else ("fewer", "later")
    views = [None if not found else found == wanted for found, wanted in zip((tokens, clock), agree, strict=True)]
    opposed = None not in views and views[0] != views[1]
    join = ", but" if opposed else ", and" if tokens and clock else ";"
    reason = f"B = {batch_size} {by_token}{join} {by_clock}."
    if True in views:
        return Verdict(HOLDS if all(views) else PARTLY, reason, facts)
    return Verdict(FAILS if False in views else UNRESOLVED, reason, facts)


@of_race(way_known)
def slower(race: RaceResults) -> Verdict:
    """Small batches are slower: the smallest against the largest."""
    return by_token_and_clock(race, race.batch_sizes[0], race.batch_sizes[-1], said_faster=False)


@of_race(way_known)
def fast(race: RaceResults) -> Verdict:
    """Large batches are fast: the largest against the one before it."""
    return by_token_and_clock(race, race.batch_sizes[-1], race.batch_sizes[-2], said_faster=True)


@of_race(way_known)
def balanced(race: RaceResults) -> Verdict:
    """Medium batches are balanced: the price of each batch size is the largest of three factors, by which its steps,
    its tokens and its seconds to the target exceed the least of all batch sizes."""
    small, medium, large = race.batch_sizes[0], race.batch_sizes[len(race.batch_sizes) // 2], race.batch_sizes[-1]
    way = way_to_target(race)
    prices = {b: [] for b in race.batch_sizes}
    for costs in (way.steps, way.tokens, way.seconds):
        least = np.min(list(costs.values()), axis=0)  # (R,)
        for b in prices:
            prices[b].append(costs[b] / least)
    worst = {b: np.max(factors, axis=0) for b, factors in prices.items()}  # (R,)
    others = []
    for b in (small, large):
        speed = speed_ratio(race, b, medium)  # the seeds' scatter, and that of the timings
        unit = Estimate(1.0, speed.low / speed.value, speed.high / speed.value)
        others.append(ratio_of(worst[b], worst[medium]).times(unit))
    mean = {b: float(np.exp(np.log(values).mean())) for b, values in worst.items()}
    facts = (
        "The worst of three: by how many times the steps, the tokens or the seconds of a batch size exceed the least "
        f"of all. {of_each(mean, number, '')}.",
        f"That of B = {small} over that of B = {medium}: {between(others[0])}; that of "
        f"B = {large} over it: {between(others[1])}.",
        one_rate(race),
    )
    if all(ratio.above(1) for ratio in others):
        return Verdict(HOLDS, f"At no price is B = {medium} as bad as the other two are at their worst.", facts)
    if any(ratio.below(1) for ratio in others):
        better = min((b for b, ratio in zip((small, large), others, strict=True) if ratio.below(1)), key=mean.get)
        return Verdict(FAILS, f"B = {better} is the better compromise here, for this target on this machine.", facts)
    return Verdict(UNRESOLVED, "These seeds cannot tell which is the best compromise.", facts)


@of_race(complete)
def noisy(race: RaceResults) -> Verdict:
    """Small batches are noisy, large ones smooth; and whether smooth is better."""
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    if not {small, large} <= race.noise.keys():
        if race.share < 1:
            return TOO_EARLY
        return Verdict(UNRESOLVED, "Too few steps to tell noise from progress: raise the budget.")
    sigma = {b: race.noise[b].estimate for b in race.batch_sizes if b in race.noise}
    below = sigma[large]
    ratio = sigma[small].times(Estimate(1 / below.value, 1 / below.high, 1 / below.low))
    found = {b: race.evaluations(b) for b in race.batch_sizes}
    tokens, losses = at_equal(
        {b: race.x_of("tokens", b, steps) for b, (steps, _, _) in found.items()},
        {b: v for b, (_, v, _) in found.items()},
    )
    lead = lead_of(losses)
    facts = [
        "Loss noise from step to step, in nats: "
        + ", ".join(f"B = {b}: {between(estimate)}" for b, estimate in sigma.items())
        + ".",
        f"That of B = {small} over that of B = {large}: {between(ratio)}; 1/√B would make it "
        f"{number((large / small) ** 0.5)}.",
        f"Is smooth better? At equal tokens ({charts.format_count(tokens)}) B = {lead.leader} has the lowest "
        f"validation loss, {lead.loss:.3f}"
        + (
            f", resolved from that of B = {lead.second}."
            if lead.resolved
            else f"; B = {lead.second} is too near to tell."
        ),
    ]
    lag1 = {b: race.noise[b].lag1 for b in (small, large)}
    right = {b: with_neighbours(sigma[b].value, lag1[b], race.noise[b].num_differences) for b in lag1}
    times = (right[small] or sigma[small].value) / (right[large] or sigma[large].value)
    if any(right.values()):
        facts.append(
            f"Neighbouring losses hang together (lag-1 autocorrelation: {of_each(lag1, signed, '')}), which these "
            f"intervals do not know, so they do not hold; corrected for it, the ratio is about {number(times)}."
        )
    if ratio.above(1) and times > 1:
        reason = f"The loss at B = {small} jumps about {number(times)} times as far as at B = {large}."
        return Verdict(HOLDS, reason, tuple(facts))
    word = FAILS if ratio.below(1) else UNRESOLVED
    return Verdict(word, f"The noise of B = {small} does not stand out from that of B = {large}.", tuple(facts))


@of_race(complete)
def overfit(race: RaceResults) -> Verdict:
    """Large batches overfit: validation loss less training loss, the largest batch size's less the smallest's, at equal
    tokens, at equal steps, and where both have come to the same training loss."""
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    found = {b: race.evaluations(b) for b in race.batch_sizes}
    train = {b: losses for b, (_, _, losses) in found.items()}
    gaps = {b: losses - train[b] for b, (_, losses, _) in found.items()}  # (E, R)
    if not all(np.isfinite(table).all() for table in gaps.values()):
        return Verdict(UNRESOLVED, "This race did not take the loss on its training part.")
    at = {axis: at_equal({b: race.x_of(axis, b, found[b][0]) for b in found}, gaps) for axis in ("tokens", "steps")}
    level, equal = at_equal_loss(train, gaps)
    places = {
        f"At equal tokens ({charts.format_count(at['tokens'][0])})": at["tokens"][1],
        f"At equal steps ({at['steps'][0]:,.0f}; B = {large} has read {number(large / small)} times as many tokens)": (
            at["steps"][1]
        ),
        f"At equal training loss ({level:.2f} nats)": equal,
    }
    if not equal:
        never = Verdict(UNRESOLVED, "There is no training loss that all runs came down to.")
        return never if race.share == 1 else TOO_EARLY
    tokens, _, fitted = more = [difference_of(values[large], values[small]) for values in places.values()]
    smooth = {b: smoothed(losses).mean(axis=1) for b, (_, losses, _) in found.items()}
    rises = {b: means[-1] - means.min() for b, means in smooth.items()}
    facts = (
        *(
            f"{place} the gap between validation and training is {of_each(mean_of(values), number, ' nats')}; "
            f"B = {large} less B = {small}: {between(difference)}."
            for (place, values), difference in zip(places.items(), more, strict=True)
        ),
        f"How far the validation loss, smoothed, has risen again from its lowest: {of_each(rises, number, ' nats')}.",
    )
    if fitted.above(0) and tokens.above(0):
        return Verdict(HOLDS, f"At equal tokens and at equal training loss the gap of B = {large} is wider.", facts)
    wider = [where for where, found in (("tokens", tokens), ("training loss", fitted)) if found.above(0)]
    if wider:  # at equal steps the larger batch has read more, and fitted more: that is a fact above, and no verdict
        return Verdict(PARTLY, f"The gap of B = {large} is wider at equal {' and '.join(wider)} only.", facts)
    if fitted.below(GAP_THAT_MATTERS) and tokens.below(GAP_THAT_MATTERS):
        most = f"no more than {number(fitted.high)} nats wider" if fitted.high > 0 else "narrower"
        also = "narrower" if tokens.below(0) else f"no more than {number(max(tokens.high, 0.0))} wider"
        reason = f"At equal training loss the gap of B = {large} is {most}, at equal tokens {also}."
        return Verdict(FAILS, reason, facts)
    return Verdict(UNRESOLVED, f"These seeds leave room for a gap that is {GAP_THAT_MATTERS} nats wider.", facts)
