"""Verdicts on a batch size's loss curves."""

from core import charts
from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.curves import NoisyVerdict, OverfitVerdict
from core.lessons.check_the_claims.words.numbers import number, of_each
from core.measure.comparison import GAP_THAT_MATTERS
from core.ui.sentences import brief, signed, with_interval


def noisy_headline(verdict: NoisyVerdict) -> str:
    small, large = verdict.small, verdict.large
    predicted = number((large / small) ** 0.5)
    return f"noise at B = {small} over B = {large}: {brief(verdict.ratio)}; 1/√B predicts {predicted}"


def noisy_reason(verdict: NoisyVerdict) -> str:
    if verdict.outcome == Outcome.HOLDS:
        times = number(verdict.corrected)
        return f"The loss at B = {verdict.small} jumps about {times} times as far as at B = {verdict.large}."
    return f"The noise at B = {verdict.small} is not clearly larger than at B = {verdict.large}."


def noisy_facts(verdict: NoisyVerdict) -> list[str]:
    small, large, lead = verdict.small, verdict.large, verdict.lead
    if lead.resolved:
        second = f", resolved from that of B = {lead.second}."
    else:
        second = f"; B = {lead.second} is too close to call."
    facts = [
        f"Loss noise from step to step, in nats: {of_each(verdict.sigma, with_interval)}.",
        f"The noise at B = {small} over that at B = {large}: {with_interval(verdict.ratio)}; 1/√B predicts "
        f"{number((large / small) ** 0.5)}.",
        f"Is smooth better? At equal tokens ({charts.format_count(verdict.tokens)}) B = {lead.leader} has the lowest "
        f"validation loss, {lead.loss:.3f}{second}",
    ]
    if verdict.correlated:
        facts.append(
            f"Consecutive losses are correlated (lag-1 autocorrelation: {of_each(verdict.lag1, signed)}). These "
            "intervals assume that they are not, so they are not valid; corrected for it, the ratio is about "
            f"{number(verdict.corrected)}."
        )
    return facts


def overfit_headline(verdict: OverfitVerdict) -> str:
    gap = brief(verdict.at_train_loss.difference)
    return f"gap at equal training loss, B = {verdict.large} minus B = {verdict.small}: {gap} nats"


def overfit_reason(verdict: OverfitVerdict) -> str:
    large, tokens, fitted = verdict.large, verdict.at_tokens.difference, verdict.at_train_loss.difference
    match verdict.outcome:
        case Outcome.HOLDS:
            return f"At equal tokens and at equal training loss the gap of B = {large} is wider."
        case Outcome.PARTLY:
            where = "tokens" if tokens.above(0) else "training loss"
            return f"The gap of B = {large} is wider at equal {where} only."
        case Outcome.FAILS:
            most = f"no more than {number(fitted.high)} nats wider" if fitted.high > 0 else "narrower"
            also = "narrower" if tokens.below(0) else f"no more than {number(max(tokens.high, 0.0))} wider"
            return f"At equal training loss the gap of B = {large} is {most}, at equal tokens {also}."
    return f"These runs do not rule out a gap that is {GAP_THAT_MATTERS} nats wider."


def overfit_facts(verdict: OverfitVerdict) -> list[str]:
    small, large = verdict.small, verdict.large
    tokens, steps, fitted = verdict.at_tokens, verdict.at_steps, verdict.at_train_loss
    more = f"B = {large} has read {number(large / small)} times as many tokens"
    places = {
        f"At equal tokens ({charts.format_count(tokens.level)})": tokens,
        f"At equal steps ({steps.level:,.0f}; {more})": steps,
        f"At equal training loss ({fitted.level:.2f} nats)": fitted,
    }
    gaps = [
        f"{place} the gap between validation and training is {of_each(gap.means, number, ' nats')}; "
        f"B = {large} minus B = {small}: {with_interval(gap.difference)}."
        for place, gap in places.items()
    ]
    rises = of_each(verdict.rises, number, " nats")
    return [*gaps, f"How far the smoothed validation loss has risen above its lowest: {rises}."]
