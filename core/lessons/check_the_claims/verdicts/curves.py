"""Claims about a batch size's loss curves, judged by a race. Shapes: E evaluations, R seeds."""

from dataclasses import dataclass

import numpy as np

from core.experiments.race.results import RaceResults
from core.lessons.check_the_claims.verdicts.race import smoothed, unfinished, unless
from core.lessons.check_the_claims.verdicts.verdict import TOO_EARLY, Missing, Outcome, Unjudged, Verdict
from core.measure.comparison import GAP_THAT_MATTERS, Lead, at_equal, at_equal_loss, difference_of, lead_of
from core.measure.estimate import Estimate
from core.measure.noise import with_neighbours


@dataclass(frozen=True, kw_only=True)
class NoisyVerdict(Verdict):
    """The noise of the loss at the smallest batch size, over that at the largest; and which loss is the lowest."""

    small: int
    large: int
    sigma: dict[int, Estimate]  # nats, by batch size
    ratio: Estimate
    lag1: dict[int, float]  # autocorrelation, at the smallest and at the largest
    correlated: bool  # whether that is too far from 0 for the intervals to hold
    corrected: float  # the ratio, corrected for it where it is
    tokens: float  # at which the losses are compared
    lead: Lead


@dataclass(frozen=True)
class Gap:
    """Validation loss minus training loss, in nats, where all batch sizes have reached the same level."""

    level: float  # tokens, steps, or nats of training loss
    means: dict[int, float]  # over the seeds, by batch size
    difference: Estimate  # the largest batch size's less the smallest's


@dataclass(frozen=True, kw_only=True)
class OverfitVerdict(Verdict):
    small: int
    large: int
    at_tokens: Gap
    at_steps: Gap
    at_train_loss: Gap
    rises: dict[int, float]  # of the validation loss, smoothed, from its lowest to its last, by batch size


@unless(unfinished)
def noisy(race: RaceResults) -> Verdict:
    """Small batches are noisy, large ones smooth; and whether smooth is better."""
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    if not {small, large} <= race.noise.keys():
        return TOO_EARLY if race.share < 1 else Unjudged.without(Missing.STEPS)
    sigma = {b: race.noise[b].estimate for b in race.batch_sizes if b in race.noise}
    ratio = sigma[small].times(sigma[large].inverse)
    lag1 = {b: race.noise[b].lag1 for b in (small, large)}
    right = {b: with_neighbours(sigma[b].value, lag1[b], race.noise[b].num_differences) for b in lag1}
    corrected = (right[small] or sigma[small].value) / (right[large] or sigma[large].value)
    if ratio.above(1) and corrected > 1:
        outcome = Outcome.HOLDS
    else:
        outcome = Outcome.FAILS if ratio.below(1) else Outcome.UNRESOLVED
    tokens, losses = race.validation_at_equal("tokens")
    lead = lead_of(losses)
    assert lead, "the sizes have been compared before"
    return NoisyVerdict(
        outcome=outcome,
        small=small,
        large=large,
        sigma=sigma,
        ratio=ratio,
        lag1=lag1,
        correlated=any(right.values()),
        corrected=corrected,
        tokens=tokens,
        lead=lead,
    )


@unless(unfinished)
def overfit(race: RaceResults) -> Verdict:
    """Large batches overfit: validation loss minus training loss, the largest batch size's minus the smallest's, at
    equal tokens, at equal steps, and where both have reached the same training loss."""
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    curves = {b: race.evaluations(b) for b in race.batch_sizes}
    train = {b: losses for b, (_, _, losses) in curves.items()}
    gaps = {b: losses - train[b] for b, (_, losses, _) in curves.items()}  # (E, R)
    if not all(np.isfinite(table).all() for table in gaps.values()):
        return Unjudged.without(Missing.TRAIN_LOSSES)
    level, at_train_loss = at_equal_loss(train, gaps)
    if not at_train_loss:
        return Unjudged.without(Missing.COMMON_TRAIN_LOSS) if race.share == 1 else TOO_EARLY
    at = {axis: at_equal({b: race.x_of(axis, b, curves[b][0]) for b in curves}, gaps) for axis in ("tokens", "steps")}
    fitted, tokens = gap_of(level, at_train_loss), gap_of(*at["tokens"])
    smooth = {b: smoothed(losses).mean(axis=1) for b, (_, losses, _) in curves.items()}
    return OverfitVerdict(
        outcome=overfit_outcome(tokens.difference, fitted.difference),
        small=small,
        large=large,
        at_tokens=tokens,
        at_steps=gap_of(*at["steps"]),
        at_train_loss=fitted,
        rises={b: means[-1] - means.min() for b, means in smooth.items()},
    )


def gap_of(level: float, gaps: dict[int, np.ndarray]) -> Gap:
    """From the gaps (R,) of each batch size there."""
    means = {b: float(each.mean()) for b, each in gaps.items()}
    return Gap(level, means, difference_of(gaps[max(gaps)], gaps[min(gaps)]))


def overfit_outcome(tokens: Estimate, fitted: Estimate) -> Outcome:
    """At equal steps the larger batch has read more, and fitted more: that is a fact, and decides nothing."""
    wider = [difference.above(0) for difference in (tokens, fitted)]
    if any(wider):
        return Outcome.HOLDS if all(wider) else Outcome.PARTLY
    ruled_out = fitted.below(GAP_THAT_MATTERS) and tokens.below(GAP_THAT_MATTERS)
    return Outcome.FAILS if ruled_out else Outcome.UNRESOLVED
