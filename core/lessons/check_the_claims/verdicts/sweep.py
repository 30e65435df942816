"""Claims that a sweep over the learning rate can judge, alone or beside the noise scale."""

import numpy as np

from core import charts
from core.experiments.noise.results import NoiseResults
from core.experiments.sweep.results import SweepResults, fit_of, mean_steps
from core.lessons.check_the_claims.verdicts.verdict import (
    FAILS,
    GAP_THAT_MATTERS,
    HOLDS,
    PARTLY,
    TOO_EARLY,
    UNRESOLVED,
    Verdict,
    between,
    number,
    of_each,
)
from core.measure.comparison import Estimate, difference_of

TELLING = 4.0  # two ranges that overlap say something only where neither spans more than this factor


def tuning(sweep: SweepResults) -> Verdict:
    """Large batches need tuning: what the largest loses with the rate that suits the smallest, and the other way.

    A rate that was chosen for its low loss looks better than it is. So for each seed the rates are chosen by the other
    seeds, and compared at this one.
    """
    small, large = sweep.batch_sizes[0], sweep.batch_sizes[-1]
    rates = sweep.finished_rates
    final = {b: {rate: losses for rate, losses in sweep.final(b).items() if rate in rates} for b in (small, large)}
    if len(rates) < 2:
        return TOO_EARLY
    for batch_size, losses in final.items():
        if len(losses) < 2:
            reason = f"At B = {batch_size} runs diverged at all rates but {len(losses)}: try smaller rates."
            return Verdict(UNRESOLVED, reason)
    if sweep.spec.race.train.num_seeds < 2:
        return Verdict(UNRESOLVED, "One seed cannot choose a rate and judge it too: take two or more.")
    best = {b: min(losses, key=lambda rate: losses[rate].mean()) for b, losses in final.items()}
    steps = {b: sweep.num_steps(b) for b in sweep.batch_sizes}
    facts = [
        f"Of the rates {', '.join(f'{rate:g}' for rate in rates)} the best: {of_each(best, '{:g}'.format, '')}.",
        f"The budget is {of_each(steps, '{:,}'.format, ' steps')}.",
    ]
    loses, diverged = {}, set()
    for batch_size, other in ((large, small), (small, large)):
        if best[other] not in final[batch_size]:
            loses[batch_size] = Estimate(np.inf, np.inf, np.inf)
            diverged.add(batch_size)
            facts.append(f"At {best[other]:g}, the best of B = {other}, a run at B = {batch_size} diverged.")
            continue
        loses[batch_size] = difference_of(*chosen_by_others(final[batch_size], final[other]))
        same = loses[batch_size] == Estimate(0.0, 0.0, 0.0)
        by = "0 nats: for every seed the two rates are one" if same else f"{between(loses[batch_size])} nats"
        facts.append(
            f"With the rate that suits B = {other}, B = {batch_size} ends higher than with its own by {by}; each "
            "seed's rates were chosen by the other seeds."
        )
    if loses[large].above(0):
        also = f" So does B = {small} with that of B = {large}." if loses[small].above(0) and not diverged else ""
        does = "diverges" if large in diverged else "ends higher"
        reason = f"B = {large} {does} with the rate that is best at B = {small}.{also}"
        return Verdict(HOLDS, reason, tuple(facts))
    if rates[0] in best.values() or rates[-1] in best.values():
        return Verdict(UNRESOLVED, "A best rate lies at the edge of those tried, and may lie beyond.", tuple(facts))
    costs = costs_of_borrowing(final[large], [r for r in rates if sweep.best_rates()[small].holds(r)])
    if loses[large].below(GAP_THAT_MATTERS) and all(cost.below(GAP_THAT_MATTERS) for cost in costs):
        reason = (
            f"With each rate that may be the best of B = {small}, B = {large} ends as low, to {GAP_THAT_MATTERS} nats."
        )
        return Verdict(FAILS, reason, tuple(facts))
    return Verdict(UNRESOLVED, "What a rate of its own is worth to the largest, these seeds cannot tell.", tuple(facts))


def costs_of_borrowing(losses: dict[float, np.ndarray], rates: list[float]) -> list[Estimate]:
    """By how much a batch size's losses (R,) are higher at each of these rates than at its own best; without end at a
    rate at which a run diverged."""
    own = min(losses, key=lambda rate: losses[rate].mean())
    beyond = Estimate(np.inf, np.inf, np.inf)
    return [difference_of(losses[r], losses[own]) if r in losses else beyond for r in rates if r != own]


def chosen_by_others(losses: dict[float, np.ndarray], others: dict[float, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The losses (R,) of one batch size at the rate that is best for another, and at its own: for each seed the two
    rates are those with the lowest mean over the other seeds, of the rates that both came through."""
    rates = [rate for rate in losses if rate in others]
    borrowed, own = [], []
    for seed in range(len(losses[rates[0]])):
        rest = np.arange(len(losses[rates[0]])) != seed
        borrowed.append(losses[min(rates, key=lambda r: others[r][rest].mean())][seed])
        own.append(losses[min(rates, key=lambda r: losses[r][rest].mean())][seed])
    return np.array(borrowed), np.array(own)


def noise_scale(sweep: SweepResults, noise: NoiseResults) -> Verdict:
    """The noise scale is the best batch size: beside the bend of S(B), fitted to runs whose rate was tuned. The noise
    scale changes as the loss falls; what counts is its range on the way to the loss that S(B) is the way to."""
    target = sweep.usual_target()
    if target is None or len(noise.scales) < len(noise.spec.steps):
        return TOO_EARLY
    T = noise.spec.race.block_size
    runs = sweep.runs_to(target)
    mean = {b: mean_steps(rows["steps"]) for b, rows in runs.groupby("batch_size")}
    tokens = {b: b * T * steps for b, steps in mean.items()}
    facts = [
        f"After {s:,} steps, at a loss of {noise.whole[s].loss:.2f}, the noise scale is {scale_in_words(m)}."
        for s, m in sorted(noise.scales.items())
    ]
    facts.append(
        f"To {target:.2f} nats at tuned rates: {of_each(mean, number, ' steps')}; "
        f"{of_each(tokens, charts.format_count, ' tokens')}. Fewest tokens: B = {min(tokens, key=tokens.get)}; fewest "
        f"steps: B = {min(mean, key=mean.get)}."
    )
    fit = fit_of(runs)
    if fit is None:
        return Verdict(UNRESOLVED, "S(B) cannot be fitted to these runs.", tuple(facts))
    bend = Estimate(fit.b_crit.value, fit.b_crit.low, fit.b_crit.high)
    facts.append(f"The bend of S(B) = S_min + E_min / B: B = {between(bend)}.")
    if not fit.b_crit.resolved:
        return Verdict(UNRESOLVED, "The bend of S(B) is not resolved by these runs.", tuple(facts))
    if not sweep.batch_sizes[0] <= bend.value <= sweep.batch_sizes[-1]:
        return Verdict(UNRESOLVED, "The bend of S(B) lies beyond the batch sizes that were run.", tuple(facts))
    way = [m for s, m in sorted(noise.scales.items()) if s <= first_below(noise, target)]
    if not all(m.resolved for m in way):
        return Verdict(UNRESOLVED, "The noise scale on the way to that loss is not resolved.", tuple(facts))
    scales = [m.simple_noise_scale for m in way]
    low, high = min(m.low for m in way), max(m.high for m in way)
    facts.append(
        f"On the way to {target:.2f} nats, up to the first measurement there or below, the noise scale lay between "
        f"{number(min(scales))} and {number(max(scales))}; with their intervals, between {number(low)} and "
        f"{number(high)}."
    )
    if low > bend.high or high < bend.low:
        side = "above" if low > bend.high else "below"
        reason = f"On the way to that loss the noise scale was always {side} the bend."
        return Verdict(FAILS, reason, tuple(facts))
    if bend.high < TELLING * bend.low and high < TELLING * low:
        return Verdict(PARTLY, "Here the two agree, within their intervals: a guess of the right size.", tuple(facts))
    change = number(max(scales) / min(scales))
    reason = f"The ranges overlap, but are wide: on the way the noise scale alone changed {change}-fold."
    return Verdict(UNRESOLVED, reason, tuple(facts))


def first_below(noise: NoiseResults, target: float) -> int:
    """The first step at which the text's loss was at the target or below; the last, if none was."""
    below = [step for step, whole in sorted(noise.whole.items()) if whole.loss <= target]
    return below[0] if below else max(noise.whole)


def scale_in_words(message: dict) -> str:
    if not message.resolved:
        return "not resolved"
    return between(Estimate(message.simple_noise_scale, message.low, message.high)) + " windows"
