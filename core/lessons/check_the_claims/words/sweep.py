"""The verdict on tuning."""

from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.sweep import TuningVerdict
from core.lessons.check_the_claims.words.numbers import of_each
from core.measure.comparison import GAP_THAT_MATTERS
from core.measure.estimate import Estimate
from core.ui.sentences import with_interval


def tuning_reason(verdict: TuningVerdict) -> str:
    small, large = verdict.small, verdict.large
    if verdict.outcome == Outcome.HOLDS:
        diverged = verdict.diverged(large) or verdict.diverged(small)
        both = verdict.costs[small].above(0) and not diverged
        also = f" So does B = {small} with that of B = {large}." if both else ""
        does = "diverges" if verdict.diverged(large) else "ends higher"
        return f"B = {large} {does} with the rate that is best at B = {small}.{also}"
    if verdict.at_edge:
        return "A best rate lies at the edge of those tried, and may lie beyond."
    if verdict.outcome == Outcome.FAILS:
        return (
            f"With each rate that may be the best of B = {small}, B = {large} ends as low, to {GAP_THAT_MATTERS} nats."
        )
    return "What a rate of its own is worth to the largest, these seeds cannot tell."


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
    by = "0 nats: for every seed the two rates are one" if same else f"{with_interval(cost)} nats"
    return (
        f"With the rate that suits B = {other}, B = {batch_size} ends higher than with its own by {by}; each seed's "
        "rates were chosen by the other seeds."
    )
