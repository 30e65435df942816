"""The claim about tuning, judged by a sweep over the learning rate. Shapes: R seeds."""

from dataclasses import dataclass

import numpy as np

from core.experiments.sweep.results import SweepResults
from core.lessons.check_the_claims.verdicts.verdict import TOO_EARLY, Missing, Outcome, Unjudged, Verdict
from core.measure.comparison import GAP_THAT_MATTERS, difference_of
from core.measure.estimate import Estimate

ENDLESS = Estimate(np.inf, np.inf, np.inf)  # what a rate costs at which a run diverged
FinalLosses = dict[float, np.ndarray]  # (R,) by rate, of one batch size


@dataclass(frozen=True, kw_only=True)
class TuningVerdict(Verdict):
    small: int
    large: int
    rates: tuple[float, ...]  # that every batch size has been through
    best: dict[int, float]  # of them, for the small and for the large one
    at_edge: bool  # whether a best one may lie beyond those tried
    steps: dict[int, int]  # the budget, by batch size
    costs: dict[int, Estimate]  # nats, to the large and to the small one, of the rate that suits the other

    def diverged(self, batch_size: int) -> bool:
        """Whether it did at the rate that is best for the other."""
        return self.costs[batch_size] == ENDLESS


def tuning(sweep: SweepResults) -> Verdict:
    """Large batches need tuning: what the largest loses with the rate that suits the smallest, and the other way."""
    small, large = sweep.batch_sizes[0], sweep.batch_sizes[-1]
    rates = sweep.finished_rates
    final = {b: {rate: losses for rate, losses in sweep.final(b).items() if rate in rates} for b in (small, large)}
    if verdict := incomparable(sweep, final):
        return verdict
    best = {b: best_of(losses) for b, losses in final.items()}
    costs = {b: cost_of_borrowing(final[b], final[other]) for b, other in ((large, small), (small, large))}
    at_edge = rates[0] in best.values() or rates[-1] in best.values()
    likely = [rate for rate in rates if sweep.best_rates()[small].holds(rate)]
    ruled_out = all(cost.below(GAP_THAT_MATTERS) for cost in (costs[large], *costs_of_rates(final[large], likely)))
    if costs[large].above(0):
        outcome = Outcome.HOLDS
    else:
        outcome = Outcome.FAILS if ruled_out and not at_edge else Outcome.UNRESOLVED
    return TuningVerdict(
        outcome=outcome,
        small=small,
        large=large,
        rates=tuple(rates),
        best=best,
        at_edge=at_edge,
        steps={b: sweep.num_steps(b) for b in sweep.batch_sizes},
        costs=costs,
    )


def incomparable(sweep: SweepResults, final: dict[int, FinalLosses]) -> Unjudged | None:
    """What keeps these losses from being compared, if anything does."""
    if len(sweep.finished_rates) < 2:
        return TOO_EARLY
    for batch_size, losses in final.items():
        if len(losses) < 2:
            return Unjudged.without(Missing.RATES, batch_size=batch_size, num_rates=len(losses))
    return Unjudged.without(Missing.SEEDS) if sweep.spec.race.train.num_seeds < 2 else None


def best_of(losses: FinalLosses) -> float:
    """The rate with the lowest mean."""
    return min(losses, key=lambda rate: losses[rate].mean())


def cost_of_borrowing(losses: FinalLosses, others: FinalLosses) -> Estimate:
    """By how much a batch size's losses are higher at the rate that suits another than at its own; without end where a
    run diverged at the other's best. A rate that was chosen for its low loss looks better than it is. So for each seed
    the rates are chosen by the other seeds, and compared at this one."""
    if best_of(others) not in losses:
        return ENDLESS
    return difference_of(*chosen_by_others(losses, others))


def costs_of_rates(losses: FinalLosses, rates: list[float]) -> list[Estimate]:
    """By how much a batch size's losses are higher at each of these rates than at its own best; without end at a rate
    at which a run diverged."""
    own = best_of(losses)
    return [difference_of(losses[r], losses[own]) if r in losses else ENDLESS for r in rates if r != own]


def chosen_by_others(losses: FinalLosses, others: FinalLosses) -> tuple[np.ndarray, np.ndarray]:
    """The losses (R,) of one batch size at the rate that is best for another, and at its own: for each seed the two
    rates are those with the lowest mean over the other seeds, of the rates that both came through."""
    rates = [rate for rate in losses if rate in others]
    borrowed, own = [], []
    for seed in range(len(losses[rates[0]])):
        rest = np.arange(len(losses[rates[0]])) != seed
        borrowed.append(losses[min(rates, key=lambda r: others[r][rest].mean())][seed])
        own.append(losses[min(rates, key=lambda r: losses[r][rest].mean())][seed])
    return np.array(borrowed), np.array(own)
