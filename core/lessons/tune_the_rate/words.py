"""What a sweep over the learning rate shows, as text."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core import charts
from core.experiments.noise.messages import NoiseScale
from core.experiments.sweep.results import BestRate, SweepResults
from core.lessons.tune_the_rate.rules import predicted_rates, reference
from core.measure.estimate import Estimate
from core.measure.targets import FEWEST, StepsFit, is_resolved
from core.ui.sentences import interval, model_size, scale_sentence, source_title, with_interval

number = charts.format_significant


def summary_of(results: SweepResults) -> str:
    """What was run, for the case that the choices have changed since."""
    race = results.spec.race
    plan = race.train
    half_life = f" at B = {plan.reference_batch_size}, its half-life in tokens kept"
    return (
        f"This sweep: {source_title(race.source)}, tokens by {race.tokenizer}; block size {race.block_size}; "
        f"{model_size(race)}; {len(results.spec.learning_rates)} learning rates, each the same at every batch size; "
        f"β₂ {plan.betas[1]:g}{half_life if plan.beta2_rule != 'fixed' else ''}; seeds {plan.seeds[0]} to "
        f"{plan.seeds[-1]}; {charts.format_count(plan.max_tokens)} tokens a run."
    )


# ---- the rate


def answer_sentence(best: Mapping[int, BestRate], rates: tuple[float, ...]) -> str:
    """The best rate of the smallest batch size and of the largest, and what the rules predict from the middle."""
    if len(best) < 2:
        return "The best learning rate of each batch size shows when two rates have been measured at each."
    small, large = (f"**{best[b].rate:g} at B = {b}**{in_brackets(best[b], rates)}" for b in (min(best), max(best)))
    middle = reference(best)
    rules = ""
    if middle and middle != max(best):
        rules = f" From B = {middle}, the rules predict for B = {max(best)}: {predictions(best)}."
    return f"The best learning rate is {small} and {large}.{rules}"


def in_brackets(best: BestRate, rates: tuple[float, ...]) -> str:
    """How sure a best rate is, where there is anything to say of that."""
    parts = [f"tied with {best.lowest:g} to {best.highest:g}"] if best.lowest < best.highest else []
    if best.rate in (rates[0], rates[-1]):
        parts.append("at the edge of the rates tried")
    return f" ({'; '.join(parts)})" if parts else ""


def predictions(best: Mapping[int, BestRate]) -> str:
    """What each rule makes of the best rate in the middle, at the largest batch size."""
    return ", ".join(f"{rule} {rate:.3g}" for rule, rate in predicted_rates(best, max(best)).items())


def best_sentence(batch_size: int, best: BestRate | None, rates: tuple[float, ...]) -> str:
    """The best of the rates that were tried, ascending, and those that are tied with it."""
    if best is None:
        return f"B = {batch_size}: {charts.NOT_MEASURED}."
    others = edge = ""
    if best.lowest < best.highest:
        others = f"; tied with {best.lowest:g} to {best.highest:g}"
    if best.rate in (rates[0], rates[-1]):
        edge = " It is at the edge of the rates tried: the best may lie beyond."
    return f"B = {batch_size}: **{best.rate:g}**, validation loss {best.loss:.3f}{others}.{edge}"


def rules_sentence(best: Mapping[int, BestRate]) -> str:
    """What each rule would have predicted at the largest batch size, from the best rate in the middle."""
    middle, largest = reference(best), max(best, default=0)
    if not middle or middle == largest:
        return "What each rule would have predicted appears when the rates have been measured."
    measured = best[largest]
    others = f", tied with {measured.lowest:g} to {measured.highest:g}" if measured.lowest < measured.highest else ""
    return (
        f"**The rules are hypotheses.** From the best rate at B = {middle} they predict for B = {largest}: "
        f"{predictions(best)}. Measured: **{measured.rate:g}**{others}."
    )


# ---- the target


def target_sentence(target: float) -> str:
    """What the points and the curve are."""
    return (
        f"Steps to a validation loss of {target:.2f} nats per token, at the rate that reaches it first: geometric mean "
        "of the seeds, with its 95% t interval. Dashed: the curve S_min + E_min / B, fitted."
    )


def help_sentences(results: SweepResults, runs: pd.DataFrame, fit: StepsFit | None) -> list[str]:
    """Up to which batch size a larger one saves steps, and who did not reach the target. `runs` as
    `results.runs_to(target)` gives them."""
    missed = missed_sentence(runs)
    return [bend_sentence(results, fit) if fit else no_fit_sentence(runs), *([missed] if missed else [])]


def bend_sentence(results: SweepResults, fit: StepsFit) -> str:
    """Where the curve bends."""
    if not is_resolved(fit.b_crit):
        return f"Where the curve bends is {fitted_text(fit.b_crit)}."
    within = results.batch_sizes[0] <= fit.b_crit.value <= results.batch_sizes[-1]
    beyond = (
        " This lies beyond the batch sizes that were run: only the form of the curve says so." if not within else ""
    )
    return (
        f"The curve bends at **B = {fitted_text(fit.b_crit)}**: far below it twice the batch saves half the steps, far "
        f"above it hardly any.{beyond}"
    )


def missed_sentence(runs: pd.DataFrame) -> str:
    """Which batch sizes have runs that did not reach the target; empty for none."""
    missed = [
        f"B = {b} ({np.isinf(rows['steps']).sum()} of {len(rows)} runs)"
        for b, rows in runs.groupby("batch_size")
        if np.isinf(rows["steps"]).any()
    ]
    if not missed:
        return ""
    return (
        f"Did not reach the target within the budget: {', '.join(missed)}. A ring marks the end of the budget; these "
        "batch sizes are not in the fit."
    )


def no_fit_sentence(runs: pd.DataFrame) -> str:
    """Why there is none."""
    reached = sum(bool(np.isfinite(rows["steps"]).all()) for _, rows in runs.groupby("batch_size"))
    if reached < FEWEST:
        return "Too few batch sizes reached the target for a fit: three are needed, with all their seeds."
    return "No fit: over these batch sizes the curve shows no bend, or only one end of it."


def fit_sentences(results: SweepResults, fit: StepsFit) -> list[str]:
    """Its three numbers, and whether a run lies where it bends."""
    within = results.batch_sizes[0] <= fit.b_crit.value <= results.batch_sizes[-1]
    beyond = " It lies beyond the batch sizes that were run: only the form of the curve says so."
    return [
        f"**S_min = {fitted_text(fit.s_min)} steps**; **E_min = {fitted_text(fit.e_min)} windows**.",
        f"The batch size that the fit implies, E_min / S_min: **{fitted_text(fit.b_crit)} windows** of "
        f"{results.spec.race.block_size} tokens. It is true of this text, this model and this target only."
        f"{'' if within else beyond}",
    ]


def fitted_text(fitted: Estimate) -> str:
    """
    >>> fitted_text(Estimate(100.0, 50.0, 200.0)), fitted_text(Estimate(100.0, 1.0, 10_000.0))
    ('100 (95% interval 50.0 to 200)', 'not resolved (95% interval 1.00 to 10000)')
    """
    return with_interval(fitted) if is_resolved(fitted) else f"not resolved (95% interval {interval(fitted)})"


def noise_scale_sentence(scales: Mapping[int, NoiseScale], block_size: int) -> str:
    """The noise scale by step, where it was measured on the same text and model; else how to get it."""
    what = "**The simple noise scale** (lesson “Measure the noise”) estimates such a number from gradients alone"
    if not scales:
        return f"{what}. Measure it on this text and this model, and it appears here."
    each = " ".join(f"After {s:,} steps: {scale_sentence(scale, block_size)}" for s, scale in sorted(scales.items()))
    return f"{what}. {each} Intervals: 95%, bootstrap."
