"""Verdicts in words: the reason of each in a sentence, and the figures behind it in a few."""

from collections.abc import Callable

from core.experiments.race.spec import RaceSpec
from core.lessons.check_the_claims.verdicts import Outcome, Verdict
from core.lessons.check_the_claims.verdicts.cost import AccumulationVerdict, MemoryVerdict
from core.lessons.check_the_claims.verdicts.curves import NoisyVerdict, OverfitVerdict
from core.lessons.check_the_claims.verdicts.scale import NoiseScaleVerdict
from core.lessons.check_the_claims.verdicts.speed import CompromiseVerdict, SpeedVerdict
from core.lessons.check_the_claims.verdicts.sweep import TuningVerdict
from core.lessons.check_the_claims.verdicts.verdict import Missing, Unjudged
from core.lessons.check_the_claims.words import cost, curves, scale, speed, sweep
from core.ui.sentences import model_size, source_title

# by verdict: what makes the number of it that stands in the table, its reason, and its facts
WORDS: dict[type, tuple[Callable[..., str], Callable[..., str], Callable[..., list[str]]]] = {
    SpeedVerdict: (speed.speed_headline, speed.speed_reason, speed.speed_facts),
    CompromiseVerdict: (speed.compromise_headline, speed.compromise_reason, speed.compromise_facts),
    NoisyVerdict: (curves.noisy_headline, curves.noisy_reason, curves.noisy_facts),
    OverfitVerdict: (curves.overfit_headline, curves.overfit_reason, curves.overfit_facts),
    TuningVerdict: (sweep.tuning_headline, sweep.tuning_reason, sweep.tuning_facts),
    NoiseScaleVerdict: (scale.scale_headline, scale.scale_reason, scale.scale_facts),
    MemoryVerdict: (cost.memory_headline, cost.memory_reason, cost.memory_facts),
    AccumulationVerdict: (cost.accumulation_headline, cost.accumulation_reason, cost.accumulation_facts),
}
MISSING = {
    Missing.TIME: "Too little has been measured so far.",
    Missing.SAME_SUBJECT: "The experiments were run on different texts or models: run them all on the same one.",
    Missing.WHOLE_RUNS: "A run at B = {batch_size} diverged, so there is nothing to compare: use a smaller learning "
    "rate.",
    Missing.PROGRESS: "At least one run never improved on its first validation loss.",
    Missing.STEPS: "Too few steps to separate noise from progress: raise the budget.",
    Missing.TRAIN_LOSSES: "This race did not measure the loss on its training text.",
    Missing.COMMON_TRAIN_LOSS: "There is no training loss that all runs reached.",
    Missing.RATES: "At B = {batch_size} runs diverged at all rates but {num_rates}: try smaller rates.",
    Missing.SEEDS: "One seed cannot both choose a rate and judge it: use two or more.",
    Missing.SPLITS: "No other batch size divides {batch_size}: choose sizes that do.",
}


def outcome_text(outcome: Outcome, done: bool) -> str:
    """Of experiments that are `done`, or go on."""
    early = not done and outcome in (Outcome.HOLDS, Outcome.PARTLY, Outcome.FAILS)
    return f"so far it {outcome}" if early else str(outcome)


def headline(verdict: Verdict) -> str:
    """The number that a claim is judged by, in short; of one that is not judged, why it is not."""
    return reason_sentence(verdict) if isinstance(verdict, Unjudged) else WORDS[type(verdict)][0](verdict)


def answer_text(verdict: Verdict) -> str:
    """The reason, with its number where there is one."""
    if isinstance(verdict, Unjudged):
        return reason_sentence(verdict)
    short = headline(verdict)
    return f"{reason_sentence(verdict)} {short[0].upper()}{short[1:]}."


def reason_sentence(verdict: Verdict) -> str:
    if isinstance(verdict, Unjudged):
        return MISSING[verdict.missing].format(batch_size=verdict.batch_size, num_rates=verdict.num_rates)
    return WORDS[type(verdict)][1](verdict)


def fact_sentences(verdict: Verdict) -> list[str]:
    return [] if isinstance(verdict, Unjudged) else WORDS[type(verdict)][2](verdict)


def summary_of(race: RaceSpec) -> str:
    """What it was measured on, for the case that the choices have changed since."""
    plan = race.train
    part = f"at most the first {race.excerpt:,} characters of " if race.excerpt else ""
    return (
        f"Measured on {part}{source_title(race.source)}, tokens by {race.tokenizer}; T = {race.block_size}; "
        f"{model_size(race)}; learning rate {plan.learning_rate:g} "
        f"where none is named, rule {plan.lr_rule}; seeds {plan.seeds[0]} to {plan.seeds[-1]}. All intervals are 95%: "
        "t intervals, paired over the seeds (seed by seed, so that what a seed brings to both cancels); for speeds, "
        "over several timings; for the noise of a curve, by chi-squared; for a noise scale, by bootstrap; for a fit, "
        "from the scatter around it."
    )
