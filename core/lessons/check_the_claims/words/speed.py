"""Verdicts on how fast a batch size is."""

from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.speed import CompromiseVerdict, SpeedVerdict
from core.lessons.check_the_claims.words.numbers import number, of_each
from core.ui.sentences import with_interval


def speed_reason(verdict: SpeedVerdict) -> str:
    tokens = {1: "more", -1: "fewer"}.get(verdict.by_token)
    clock = {1: "sooner", -1: "later"}.get(verdict.by_clock)
    by_token = (
        f"reads {tokens} tokens a second than B = {verdict.other}" if tokens else "is not seen to differ by the token"
    )
    by_clock = f"is at the target {clock}" if clock else "by the time to the target, nobody can tell"
    join = ";"
    if tokens and clock:
        join = ", and" if verdict.by_token == verdict.by_clock else ", but"
    return f"B = {verdict.batch_size} {by_token}{join} {by_clock}."


def speed_facts(verdict: SpeedVerdict) -> list[str]:
    b, other = verdict.batch_size, verdict.other
    return [
        f"Tokens a second at B = {b} over those at B = {other}: {with_interval(verdict.speed)}.",
        f"Seconds to the target at B = {b} over those at B = {other}: {with_interval(verdict.seconds)}.",
        rates_sentences(verdict.rates),
    ]


def compromise_reason(verdict: CompromiseVerdict) -> str:
    match verdict.outcome:
        case Outcome.HOLDS:
            return f"At no price is B = {verdict.medium} as bad as the other two are at their worst."
        case Outcome.FAILS:
            return f"B = {verdict.better} is the better compromise here, for this target on this machine."
    return "These seeds cannot tell which is the best compromise."


def compromise_facts(verdict: CompromiseVerdict) -> list[str]:
    small, medium, large = verdict.small, verdict.medium, verdict.large
    return [
        "The worst of three: by how many times the steps, the tokens or the seconds of a batch size exceed the least "
        f"of all. {of_each(verdict.prices, number)}.",
        f"That of B = {small} over that of B = {medium}: {with_interval(verdict.ratios[small])}; that of "
        f"B = {large} over it: {with_interval(verdict.ratios[large])}.",
        rates_sentences(verdict.rates),
    ]


def rates_sentences(rates: dict[int, float]) -> str:
    return f"Learning rates: {of_each(rates, '{:g}'.format)}. None was tuned; that could change who is first."
