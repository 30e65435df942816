"""Claims that a sweep over the learning rate can judge, alone or beside the noise scale."""

import numpy as np

from core import charts
from core.lab.findings import NoiseFindings, SweepFindings, fit_of
from core.measure.comparison import Estimate, difference_of
from core.ui.verdicts.verdict import FAILS, HOLDS, PARTLY, TOO_EARLY, UNRESOLVED, Verdict, between, number, of_each


def tuning(sweep: SweepFindings) -> Verdict:
    """Large batches need tuning: what the largest loses with the rate that suits the smallest, and the other way."""
    best = sweep.best_rates()
    if len(best) < len(sweep.batch_sizes):
        return TOO_EARLY
    small, large = sweep.batch_sizes[0], sweep.batch_sizes[-1]
    facts = [f"Best rates: {of_each({b: found.rate for b, found in best.items()}, '{:g}'.format, '')}."]
    losses = {}
    for batch_size, other in ((large, small), (small, large)):
        final, rate = sweep.final(batch_size), best[other].rate
        if rate not in final:
            facts.append(f"At {rate:g}, the best of B = {other}, a run at B = {batch_size} diverged.")
            losses[batch_size] = Estimate(np.inf, np.inf, np.inf)
            continue
        losses[batch_size] = difference_of(final[rate], final[best[batch_size].rate])
        facts.append(
            f"With the rate that suits B = {other}, B = {batch_size} ends higher than with its own by "
            f"{between(losses[batch_size])} nats."
        )
    tried = [f"{rate:g}" for rate in sweep.spec.learning_rates if all(rate in sweep.final(b) for b in best)]
    facts.append(f"Rates that every batch size came through: {', '.join(tried) or 'none'}.")
    facts.append("The best rate is chosen from these very runs, so a small difference may be luck.")
    if losses[large].above(0):
        also = f" So does B = {small} with that of B = {large}." if losses[small].above(0) else ""
        return Verdict(HOLDS, f"B = {large} loses with the rate that is best at B = {small}.{also}", tuple(facts))
    if best[large].rate == best[small].rate:
        return Verdict(FAILS, "The same rate of this grid was the best for the smallest and the largest.", tuple(facts))
    return Verdict(UNRESOLVED, "What a rate of its own is worth to the largest, these seeds cannot tell.", tuple(facts))


def noise_scale(sweep: SweepFindings, noise: NoiseFindings) -> Verdict:
    """The noise scale is the best batch size: beside the bend of S(B), fitted to runs whose rate was tuned."""
    target = sweep.usual_target()
    if target is None or len(noise.scales) < len(noise.spec.steps):
        return TOO_EARLY
    T = noise.spec.race.block_size
    scales = {
        s: Estimate(m["simple_noise_scale"], m["low"], m["high"]) for s, m in noise.scales.items() if m["resolved"]
    }
    runs = sweep.runs_to(target)
    fit = fit_of(runs)
    mean = {b: rows["steps"].mean() for b, rows in runs.groupby("batch_size")}
    said = "; ".join(f"after {s:,} steps {between(scale)}" for s, scale in sorted(scales.items()))
    facts = [
        f"Noise scale, in windows of {T} tokens: {said or 'not resolved at any step'}.",
        f"To {target:.2f} nats at tuned rates: {of_each(mean, number, ' steps')}; "
        f"{of_each({b: b * T * steps for b, steps in mean.items()}, charts.format_count, ' tokens')}.",
    ]
    if fit is None or not fit.b_crit.resolved or not scales:
        facts.append("The bend of S(B) = S_min + E_min / B is not resolved by these runs." if scales else "")
        return Verdict(UNRESOLVED, "One of the two numbers is not resolved here.", tuple(filter(None, facts)))
    bend = Estimate(fit.b_crit.value, fit.b_crit.low, fit.b_crit.high)
    facts.append(
        f"The bend of S(B) = S_min + E_min / B, where a run takes twice the least of steps and of windows: "
        f"B = {between(bend)}."
    )
    tokens, steps = min(mean, key=lambda b: b * mean[b]), min(mean, key=mean.get)
    facts.append(f"Fewest tokens: B = {tokens}. Fewest steps: B = {steps}. Which is best depends on what you pay for.")
    last = scales[max(scales)]
    if last.low > bend.high or last.high < bend.low:
        ratio = last.value / bend.value
        return Verdict(FAILS, f"The noise scale is {number(ratio)} times the bend that these runs show.", tuple(facts))
    return Verdict(PARTLY, "Their intervals overlap here: a guess of the right size.", tuple(facts))
