"""The verdict on tuning."""

from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.sweep import TuningVerdict
from core.lessons.check_the_claims.words.numbers import of_each
from core.measure.comparison import GAP_THAT_MATTERS
from core.measure.estimate import Estimate
from core.ui.sentences import brief, with_interval


def tuning_headline(verdict: TuningVerdict) -> str:
    small, large = verdict.small, verdict.large
    if verdict.diverged(large):
        return f"B = {large} diverges with the rate of B = {small}"
    return f"B = {large} with the rate of B = {small}: higher by {brief(verdict.costs[large])} nats"


def tuning_reason(verdict: TuningVerdict) -> str:
    small, large = verdict.small, verdict.large
    if verdict.outcome == Outcome.HOLDS:
        diverged = verdict.diverged(large) or verdict.diverged(small)
        both = verdict.costs[small].above(0) and not diverged
        also = f" So does B = {small} with that of B = {large}." if both else ""
        does = "diverges" if verdict.diverged(large) else "ends higher"
        return f"B = {large} {does} with the rate that is best at B = {small}.{also}"
    if verdict.at_edge:
        return "A best rate is at the edge of the rates tried; the true best may lie beyond."
    if verdict.outcome == Outcome.FAILS:
        return (
            f"With every rate that may be the best of B = {small}, B = {large} ends as low, within "
            f"{GAP_THAT_MATTERS} nats."
        )
    return "What the largest batch gains from a rate of its own is too close to call with these runs."


def tuning_facts(verdict: TuningVerdict) -> list[str]:
    small, large = verdict.small, verdict.large
    rates = ", ".join(f"{rate:g}" for rate in verdict.rates)
    return [
        f"Of the rates {rates} the best: {of_each(verdict.best, '{:g}'.format)}.",
        f"The budget is {of_each(verdict.steps, '{:,}'.format, ' steps')}.",
        borrowing_sentence(verdict, large, small),
        borrowing_sentence(verdict, small, large),
    ]


def borrowing_sentence(verdict: TuningVerdict, batch_size: int, other: int) -> str:
    if verdict.diverged(batch_size):
        return f"At {verdict.best[other]:g}, the best of B = {other}, a run at B = {batch_size} diverged."
    cost = verdict.costs[batch_size]
    same = cost == Estimate(0.0, 0.0, 0.0)
    by = "0 nats: for every seed the two rates are the same" if same else f"{with_interval(cost)} nats"
    return (
        f"With the rate that suits B = {other}, B = {batch_size} ends higher than with its own by {by}; each seed's "
        "rates were chosen by the other seeds."
    )
