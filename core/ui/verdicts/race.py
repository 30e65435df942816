"""Claims that a race of a small, a medium and a large batch size can judge.

Shapes: E evaluations, R seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

import numpy as np

from core import charts
from core.lab.curves import RaceCurves
from core.measure.comparison import Estimate, at_equal, at_equal_loss, difference_of, lead_of, ratio_of
from core.measure.targets import steps_to_target
from core.ui.verdicts.verdict import (
    FAILS,
    HOLDS,
    PARTLY,
    TOO_EARLY,
    UNRESOLVED,
    Verdict,
    between,
    mean_of,
    number,
    of_each,
)


@dataclass(frozen=True)
class Way:
    """How each batch size came to a validation loss that all of them came to, one value a seed: (R,) each."""

    target: float  # nats per token
    steps: dict[int, np.ndarray]
    tokens: dict[int, np.ndarray]
    seconds: dict[int, np.ndarray]  # of one run alone


def way_to_target(race: RaceCurves) -> Way:
    """To the lowest loss, rounded up to a hundredth, that every run has come to."""
    found = {b: race.evaluations(b) for b in race.batch_sizes}
    target = np.ceil(100 * max(losses.min(axis=0).max() for _, losses, _ in found.values())) / 100
    steps = {
        b: np.array([steps_to_target(at, column, target) for column in losses.T])
        for b, (at, losses, _) in found.items()
    }
    return Way(
        target=float(target),
        steps=steps,
        tokens={b: race.x_of("tokens", b, taken) for b, taken in steps.items()},
        seconds={b: race.x_of("seconds", b, taken) for b, taken in steps.items()},
    )


def speed_ratio(race: RaceCurves, batch_size: int, other: int) -> Estimate:
    """How many times as many tokens a second: probe by probe, each pair taken about the same time."""
    rounds = min(len(race.probes[batch_size]), len(race.probes[other]))
    seconds = ratio_of(np.array(race.probes[other][:rounds]), np.array(race.probes[batch_size][:rounds]))
    share = batch_size / other
    return Estimate(share * seconds.value, share * seconds.low, share * seconds.high)


def seconds_ratio(race: RaceCurves, way: Way, batch_size: int, other: int) -> Estimate:
    """How many times as long to the target: its steps, seed by seed, times the time of a step."""
    tokens = ratio_of(way.tokens[batch_size], way.tokens[other])
    return tokens.times(speed_ratio(race, other, batch_size))


def complete(race: RaceCurves) -> Verdict | None:
    """None if the race can be judged; otherwise a verdict that says why not."""
    gone = sorted(set(race.batch_sizes) - set(race.whole_sizes))
    if gone:
        return Verdict(
            UNRESOLVED,
            f"A run at B = {gone[0]} diverged, so there is nothing to compare: take a smaller learning rate.",
        )
    if not all(len(race.validation[b]) > 1 and race.probes.get(b) for b in race.batch_sizes):
        return TOO_EARLY
    target = way_to_target(race).target
    beginnings = [race.evaluations(b)[1][0] for b in race.batch_sizes]
    return None if min(losses.min() for losses in beginnings) > target else TOO_EARLY


def of_whole_race(judge: Callable[[RaceCurves], Verdict]) -> Callable[[RaceCurves], Verdict]:
    @wraps(judge)
    def judged(race: RaceCurves) -> Verdict:
        with race.lock:
            return complete(race) or judge(race)

    return judged


@of_whole_race
def slower(race: RaceCurves) -> Verdict:
    """Small batches are slower: the smallest against the largest, by the token and to the target."""
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    way = way_to_target(race)
    speed, seconds = speed_ratio(race, small, large), seconds_ratio(race, way, small, large)
    facts = (
        f"Tokens a second at B = {small} over those at B = {large}: {between(speed)}.",
        f"Seconds to the target at B = {small} over those at B = {large}: {between(seconds)}.",
    )
    if speed.above(1):
        return Verdict(FAILS, f"B = {small} reads more tokens a second than B = {large}.", facts)
    if not speed.below(1):
        return Verdict(UNRESOLVED, "These runs cannot tell the two speeds apart.", facts)
    if seconds.above(1):
        return Verdict(HOLDS, f"B = {small} reads fewer tokens a second, and is later at the target too.", facts)
    if seconds.below(1):
        return Verdict(
            PARTLY, f"B = {small} reads fewer tokens a second, but needs so few that it is there first.", facts
        )
    return Verdict(
        PARTLY, f"B = {small} reads fewer tokens a second; who is at the target first, these seeds cannot tell.", facts
    )


@of_whole_race
def fast(race: RaceCurves) -> Verdict:
    """Large batches are fast: the largest against the one before it."""
    *_, medium, large = race.batch_sizes
    way = way_to_target(race)
    speed, seconds = speed_ratio(race, large, medium), seconds_ratio(race, way, large, medium)
    facts = (
        f"Tokens a second at B = {large} over those at B = {medium}: {between(speed)}.",
        f"Seconds to the target at B = {large} over those at B = {medium}: {between(seconds)}.",
    )
    if speed.above(1) and seconds.below(1):
        reason = f"B = {large} reads more tokens a second, and is at the target before B = {medium}."
        return Verdict(HOLDS, reason, facts)
    if speed.above(1):
        and_so = "is later at the target" if seconds.above(1) else "who is at the target first, nobody can tell"
        return Verdict(PARTLY, f"B = {large} reads more tokens a second than B = {medium}, but {and_so}.", facts)
    if seconds.above(1):
        return Verdict(
            FAILS,
            f"B = {large} is later at the target than B = {medium}, and not seen to read more tokens a second.",
            facts,
        )
    return Verdict(UNRESOLVED, f"Neither can B = {large} be seen to be faster than B = {medium}, nor slower.", facts)


@of_whole_race
def balanced(race: RaceCurves) -> Verdict:
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
    others = [ratio_of(worst[b], worst[medium]) for b in (small, large)]
    mean = {b: float(np.exp(np.log(values).mean())) for b, values in worst.items()}
    facts = (
        "The worst of three: by how many times the steps, the tokens or the seconds of a batch size exceed the least "
        f"of all. {of_each(mean, number, '')}.",
        f"That of B = {small} over that of B = {medium}: {between(others[0])}; of B = {large}: {between(others[1])}.",
    )
    if all(ratio.above(1) for ratio in others):
        return Verdict(HOLDS, f"At no price is B = {medium} as bad as the other two are at their worst.", facts)
    if any(ratio.below(1) for ratio in others):
        better = small if others[0].below(1) else large
        return Verdict(FAILS, f"B = {better} is the better compromise here, for this target on this machine.", facts)
    return Verdict(UNRESOLVED, "These seeds cannot tell which is the best compromise.", facts)


@of_whole_race
def noisy(race: RaceCurves) -> Verdict:
    """Small batches are noisy, large ones smooth; and whether smooth is better."""
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    if not {small, large} <= race.noise.keys():
        return Verdict(UNRESOLVED, "Too few steps to tell noise from progress: raise the budget.")
    sigma = {
        b: Estimate(*(race.noise[b][k] for k in ("sigma", "low", "high"))) for b in race.batch_sizes if b in race.noise
    }
    below = sigma[large]
    ratio = sigma[small].times(Estimate(1 / below.value, 1 / below.high, 1 / below.low))
    found = {b: race.evaluations(b) for b in race.batch_sizes}
    tokens, losses = at_equal(
        {b: race.x_of("tokens", b, steps) for b, (steps, _, _) in found.items()},
        {b: v for b, (_, v, _) in found.items()},
    )
    lead = lead_of(losses)
    facts = (
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
    )
    if ratio.above(1):
        return Verdict(
            HOLDS, f"The loss at B = {small} jumps {number(ratio.value)} times as far as at B = {large}.", facts
        )
    word = FAILS if ratio.below(1) else UNRESOLVED
    return Verdict(word, f"The noise of B = {small} does not stand out from that of B = {large}.", facts)


@of_whole_race
def overfit(race: RaceCurves) -> Verdict:
    """Large batches overfit: validation loss less training loss, the largest batch size's less the smallest's, at equal
    tokens, at equal steps, and where both have come to the same training loss."""
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    found = {b: race.evaluations(b) for b in race.batch_sizes}
    train = {b: losses for b, (_, _, losses) in found.items()}
    gaps = {b: losses - train[b] for b, (_, losses, _) in found.items()}  # (E, R)
    if not all(np.isfinite(table).all() for table in gaps.values()):
        return Verdict(UNRESOLVED, "This race did not take the loss on its training part.")
    at = {axis: at_equal({b: race.x_of(axis, b, found[b][0]) for b in found}, gaps) for axis in ("tokens", "steps")}
    places = {
        f"At equal tokens ({charts.format_count(at['tokens'][0])})": at["tokens"][1],
        f"At equal steps ({at['steps'][0]:,.0f}; B = {large} has read {number(large / small)} times as many tokens)": (
            at["steps"][1]
        ),
    }
    level, equal = at_equal_loss(train, gaps)
    if equal:
        places[f"At equal training loss ({level:.2f} nats)"] = equal
    more = {place: difference_of(values[large], values[small]) for place, values in places.items()}
    rises = {b: losses[-1].mean() - losses.min(axis=0).mean() for b, (_, losses, _) in found.items()}
    facts = (
        *(
            f"{place} the gap between validation and training is {of_each(mean_of(places[place]), number, ' nats')}; "
            f"B = {large} less B = {small}: {between(difference)}."
            for place, difference in more.items()
        ),
        f"How far the validation loss has risen again from its lowest: {of_each(rises, number, ' nats')}.",
    )
    wider = [difference.above(0) for difference in more.values()]
    if all(wider):
        return Verdict(HOLDS, f"However the two are compared, the gap of B = {large} is the wider one.", facts)
    if any(wider):
        where = next(place for place, yes in zip(more, wider, strict=True) if yes).split(" (")[0].lower()
        return Verdict(PARTLY, f"The gap of B = {large} is wider {where}, and not however one compares.", facts)
    if any(difference.below(0) for difference in more.values()):
        return Verdict(
            FAILS, f"No comparison shows a wider gap at B = {large}; one at least shows a narrower one.", facts
        )
    return Verdict(UNRESOLVED, "These seeds cannot tell the gaps apart.", facts)
