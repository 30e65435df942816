"""Verdicts on how fast a batch size is."""

from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.speed import CompromiseVerdict, SpeedVerdict
from core.lessons.check_the_claims.words.numbers import number, of_each
from core.ui.sentences import brief, with_interval


def speed_headline(verdict: SpeedVerdict) -> str:
    return (
        f"B = {verdict.batch_size} over B = {verdict.other}: tokens a second × {brief(verdict.speed)}, time to the "
        f"target × {brief(verdict.seconds)}"
    )


def speed_reason(verdict: SpeedVerdict) -> str:
    b, other = verdict.batch_size, verdict.other
    tokens = {1: "more", -1: "fewer"}.get(verdict.by_token)
    clock = {1: "sooner", -1: "later"}.get(verdict.by_clock)
    if tokens and clock:
        join = "and" if verdict.by_token == verdict.by_clock else "but"
        return f"B = {b} reads {tokens} tokens a second than B = {other}, {join} reaches the target {clock}."
    by_token = (
        f"B = {b} reads {tokens} tokens a second than B = {other}"
        if tokens
        else f"B = {b} and B = {other} are too close to call by tokens a second"
    )
    by_clock = f"B = {b} reaches the target {clock}" if clock else "the time to the target does not separate them"
    return f"{by_token}; {by_clock}."


def speed_facts(verdict: SpeedVerdict) -> list[str]:
    b, other = verdict.batch_size, verdict.other
    return [
        f"Tokens a second at B = {b} over those at B = {other}: {with_interval(verdict.speed)}.",
        f"Seconds to the target at B = {b} over those at B = {other}: {with_interval(verdict.seconds)}.",
        rates_sentences(verdict.rates),
    ]


def compromise_headline(verdict: CompromiseVerdict) -> str:
    return f"worst of three prices: {of_each(verdict.prices, number)}"


def compromise_reason(verdict: CompromiseVerdict) -> str:
    match verdict.outcome:
        case Outcome.HOLDS:
            return f"No price of B = {verdict.medium} is as bad as the worst price of the other two."
        case Outcome.FAILS:
            return f"B = {verdict.better} is the better compromise here, for this target on this machine."
    return "Which size is the best compromise is too close to call with these runs."


def compromise_facts(verdict: CompromiseVerdict) -> list[str]:
    small, medium, large = verdict.small, verdict.medium, verdict.large
    return [
        "The price of a batch size is the largest of three factors: its steps, its tokens and its seconds, each "
        f"divided by the lowest of all sizes. {of_each(verdict.prices, number)}.",
        f"The price of B = {small} over that of B = {medium}: {with_interval(verdict.ratios[small])}; that of "
        f"B = {large} over it: {with_interval(verdict.ratios[large])}.",
        rates_sentences(verdict.rates),
    ]


def rates_sentences(rates: dict[int, float]) -> str:
    return f"Learning rates: {of_each(rates, '{:g}'.format)}. None was tuned; tuning could change which size is first."
