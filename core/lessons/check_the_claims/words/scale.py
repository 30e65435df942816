"""The verdict on the noise scale."""

from core import charts
from core.experiments.noise.messages import NoiseScale
from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.scale import Doubt, NoiseScaleVerdict
from core.lessons.check_the_claims.words.numbers import number, of_each
from core.ui.sentences import brief, not_resolved, with_interval

DOUBTS = {
    Doubt.NO_FIT: "S(B) cannot be fitted to these runs.",
    Doubt.BEND_UNRESOLVED: "These runs do not resolve where S(B) bends.",
    Doubt.BEND_BEYOND: "The bend of S(B) lies beyond the batch sizes that were run.",
    Doubt.SCALE_UNRESOLVED: "The noise scale on the way to that loss is not resolved.",
    Doubt.WIDE_RANGES: "The ranges overlap, but are wide: on the way the noise scale alone changed {change}-fold.",
}


def scale_headline(verdict: NoiseScaleVerdict) -> str:
    bend = f"bend at B = {brief(verdict.bend)}" if verdict.bend else "no bend found"
    scale = verdict.on_the_way
    return f"{bend}; noise scale on the way {number(scale.least)} to {number(scale.most)}" if scale else bend


def scale_reason(verdict: NoiseScaleVerdict) -> str:
    scale = verdict.on_the_way
    match verdict.outcome:
        case Outcome.FAILS:
            side = "above" if scale.low > verdict.bend.high else "below"
            return f"On the way to that loss the noise scale was always {side} the bend."
        case Outcome.PARTLY:
            return "Here the two agree within their intervals: the noise scale is an estimate of the right size."
    assert verdict.doubt
    return DOUBTS[verdict.doubt].format(change=scale and number(scale.most / scale.least))


def scale_facts(verdict: NoiseScaleVerdict) -> list[str]:
    facts = [
        *(measured_sentence(scale, verdict.losses[scale.step]) for scale in verdict.scales),
        steps_sentences(verdict),
    ]
    if verdict.bend:
        facts.append(f"The bend of S(B) = S_min + E_min / B: B = {with_interval(verdict.bend)}.")
    if scale := verdict.on_the_way:
        facts.append(
            f"On the way to {verdict.target:.2f} nats, up to the first measurement there or below, the noise scale lay "
            f"between {number(scale.least)} and {number(scale.most)}; with their intervals, between "
            f"{number(scale.low)} and {number(scale.high)}."
        )
    return facts


def measured_sentence(scale: NoiseScale, loss: float) -> str:
    estimate = scale.estimate
    windows = f"{with_interval(estimate)} windows" if estimate else not_resolved(scale.doubt)
    return f"After {scale.step:,} steps, at a loss of {loss:.2f}, the noise scale is {windows}."


def steps_sentences(verdict: NoiseScaleVerdict) -> str:
    steps, tokens = verdict.steps, verdict.tokens
    return (
        f"To {verdict.target:.2f} nats at tuned rates: {of_each(steps, number, ' steps')}; "
        f"{of_each(tokens, charts.format_count, ' tokens')}. Fewest tokens: B = {lowest(tokens)}; fewest "
        f"steps: B = {lowest(steps)}."
    )


def lowest(values: dict[int, float]) -> int:
    return min(values, key=values.__getitem__)
