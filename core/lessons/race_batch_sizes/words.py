"""A race in sentences: what was raced, who leads, how noisy its losses are, and where one of them lies."""

import math
from collections.abc import Sequence

import numpy as np

from core import charts
from core.experiments.race.messages import Diverged
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.measure.comparison import lead_of
from core.ui.sentences import between, model_size, source_title

number = charts.format_significant
EVERY_STEP = "Every step is in the picture: each bar reaches from the lowest to the highest loss of its column."
PICTURE_NOTES = {
    "panels": f"{EVERY_STEP} Thick line: running mean. Grey lines: running means of the other batch sizes. **Click** "
    "to see the batch behind a loss.",
    "overlay": f"{EVERY_STEP} Lines: running means.",
}

# ---- the race


def tokens_read(results: RaceResults, share: float) -> str:
    """How many tokens have been read, and by how many runs no longer."""
    total = results.total_tokens
    text = f"{charts.format_count(results.tokens_read if share < 1 or results.divergences else total)} of "
    text += f"{charts.format_count(total)} tokens"
    if not results.divergences:
        return text
    num_runs = len(results.batch_sizes) * results.spec.train.num_seeds
    return f"{text}; {len(results.divergences)} of {charts.counted(num_runs, 'run')} diverged"


def divergence_sentences(divergences: Sequence[Diverged], num_seeds: int) -> str:
    """Which runs diverged, a part a batch size."""
    parts = []
    for batch_size in sorted({gone.batch_size for gone in divergences}):
        steps = [gone.step for gone in divergences if gone.batch_size == batch_size]
        runs = f"all {num_seeds} runs" if len(steps) == num_seeds > 1 else charts.counted(len(steps), "run")
        after = (
            f"after {min(steps):,} to {max(steps):,} steps" if len(set(steps)) > 1 else f"after {min(steps):,} steps"
        )
        parts.append(f"B = {batch_size}: {runs} diverged {after}")
    return f"{'; '.join(parts)}. A run that diverges ends there; the others go on."


def summary_of(spec: RaceSpec) -> str:
    """What was raced, for the case that the choices have changed since."""
    plan = spec.train
    unit = {"char": "character", "byte": "byte", "bpe": "BPE token"}[spec.tokenizer]
    rate = (
        "the same learning rate for all" if plan.lr_rule == "fixed" else f"learning rate by the rule “{plan.lr_rule}”"
    )
    seeds = f"seeds {plan.seeds[0]} to {plan.seeds[-1]}" if plan.num_seeds > 1 else f"seed {plan.seeds[0]}"
    return (
        f"This race: {source_title(spec.source)}; one token per {unit}; block size {spec.block_size}; "
        f"{model_size(spec)}; {rate}, {plan.learning_rate:g} at B = {plan.reference_batch_size}; {plan.order} order; "
        f"{charts.counted(plan.num_seeds, 'run')} at each batch size ({seeds}) of {plan.max_tokens:,} tokens."
    )


def answer_sentence(results: RaceResults, axis: str, live: bool) -> str:
    """How noisy each batch size is, and which one is ahead: the two things that a race is for."""
    return f"{jumps_sentence(results)} {leader_sentence(results, axis, live)}".strip()


def jumps_sentence(results: RaceResults) -> str:
    """How far the loss jumps at each batch size, and how that compares with 1/√B."""
    noise = sorted(results.noise.items())
    if not noise:
        return "How far each loss jumps from step to step shows after the first few dozen steps."
    each = ", ".join(f"{charts.format_two(found.sigma)} at B = {b}" for b, found in noise)
    text = f"From step to step the loss jumps by **± {each}** (nats per token)."
    if len(noise) > 1:
        (small, first), (large, last) = noise[0], noise[-1]
        ratio, predicted = first.estimate.times(last.estimate.inverse), (large / small) ** 0.5
        text += f" That is {between(ratio)} times less at B = {large} than at {small}; 1/√B predicts {predicted:.2g}."
    return text


def leader_sentence(results: RaceResults, axis: str, live: bool) -> str:
    """Who has the lowest validation loss, in short; empty before there is one."""
    lead = lead_of(results.validation_at_equal(axis)[1])
    if lead is None:
        return ""
    verdict = "" if lead.resolved else f", too close to B = {lead.second} to call"
    so_far = " so far" if live else ""
    return f"At equal {axis} **B = {lead.leader}** has the lowest validation loss{so_far}{verdict}."


def numbers_of(results: RaceResults, batch_size: int, losses: np.ndarray | None) -> dict[str, str]:
    """What the charts show of one batch size, as a row of a table. From its validation losses (R,) where all batch
    sizes are compared."""
    noise, seconds = results.noise.get(batch_size), results.step_seconds.get(batch_size, math.nan)
    interval = f" ({number(noise.low)} to {number(noise.high)})" if noise else ""
    mean = results.training_columns("steps", batch_size)["mean"]
    return {
        "batch size": f"{batch_size}",
        "steps": f"{results.steps[batch_size]:,} of {results.num_steps(batch_size):,}",
        "noise, nats (95% interval)": f"{number(noise.sigma)}{interval}" if noise else charts.NOT_MEASURED,
        "training loss at the end": number(float(mean[-1])) if len(mean) else charts.NOT_MEASURED,
        "validation loss at the end": charts.NOT_MEASURED if losses is None else number(float(losses.mean())),
        "tokens a second": charts.format_count(batch_size * results.spec.block_size / seconds),
    }


def executions_sentence(results: RaceResults) -> str:
    """How its runs were executed; empty before it has begun."""
    if not results.executions:
        return ""
    plans = []
    for execution in results.executions:
        seeds, micro = min(execution.seeds_at_once, results.spec.train.num_seeds), execution.micro_batch_size
        together = f"{seeds} seeds in one call" if seeds > 1 else "each seed by itself"
        parts = f", {micro} windows at a time" if micro < execution.batch_size else ""
        products = ", products by oneDNN" if execution.onednn else ""
        plans.append(f"B = {execution.batch_size}: {together}{parts}{products}")
    tried = " (the fastest plan that was tried)" if results.started.device == "cpu" else ""
    return f"How the runs were executed{tried}: {'; '.join(plans)}."


def lead_sentences(results: RaceResults, axis: str, live: bool) -> str:
    """Who leads at equal steps, tokens or seconds, by how much, and whether these seeds can tell. While a race goes on,
    that is looked at again and again, and once in a while chance will look like a lead."""
    x, losses = results.validation_at_equal(axis)
    lead = lead_of(losses)
    if lead is None:
        return f"**At equal {axis}**: not measured yet."
    match axis:
        case "steps":
            amount = f"{x:,.0f} steps"
        case "tokens":
            amount = f"{charts.format_count(x)} tokens"
        case _:
            amount = f"{charts.format_seconds(x)} of one run alone"
    text = (
        f"**At equal {axis}** ({amount}): **B = {lead.leader}** has the lowest validation loss, {lead.loss:.3f}; "
        f"B = {lead.second} is {lead.difference.value:.3f} higher"
    )
    if lead.num_seeds == 1:
        return f"{text}. A single run cannot tell whether that is chance."
    low, high = lead.difference.low, lead.difference.high
    interval = f"95% interval {low:.3f} to {high:.3f}, paired over {lead.num_seeds} seeds".replace("-", "−")
    verdict = f"**too close to call** with {lead.num_seeds} runs"
    if lead.resolved:
        verdict = "resolved so far" if live else "resolved"
    return f"{text} ({interval}): {verdict}."


def noise_sentences(results: RaceResults) -> str:
    """Whether the noise falls as 1/√B, from its numbers; and where it is not of noise alone."""
    scaled = {b: noise.sigma * b**0.5 for b, noise in sorted(results.noise.items())}
    if len(scaled) < 2:
        return "**Noise × √B**: not measured yet."
    values = ", ".join(f"{number(value)} (B = {b})" for b, value in scaled.items())
    spread = (max(scaled.values()) - min(scaled.values())) / np.mean(list(scaled.values()))
    text = (
        f"**Noise × √B**: {values}. If the noise falls as 1/√B, these are equal; here the largest and the smallest "
        f"differ by {number(100 * spread)}% of their mean."
    )
    falling = [f"B = {b}" for b, noise in sorted(results.noise.items()) if noise.fall > noise.sigma]
    if falling:
        text += f" So far the loss at {' and '.join(falling)} falls by more a step than it jitters: that is in it too."
    return text


# ---- one step of a run


def no_loss_sentence(batch_size: int, seed: int, step: int) -> str:
    return f"The run at B = {batch_size} with seed {seed} has no loss at step {step:,}, or not yet."


def place_sentences(losses: np.ndarray, step: int, jumps: np.ndarray, width: int) -> str:
    """Where the loss of a step, from 1, lies among those of its run. From losses and jumps, (steps,) each; a jump is
    taken against the median of up to `width` steps on either side."""
    jump = float(jumps[step - 1])
    finite = jumps[np.isfinite(jumps)]
    return (
        f"The median of the steps around it, up to {width} on either side, is {losses[step - 1] - jump:.4f}: this one "
        f"lies {abs(jump):.4f} {'above' if jump >= 0 else 'below'}. Taken like this, each against the steps around it, "
        f"it is higher than {100 * (finite < jump).mean():.3g}% of the run's {len(finite):,} steps."
    )


def rebuilt_sentences(recorded: float, rebuilt: float) -> str:
    """A step's loss as the race recorded it, and as it comes out when the run is trained again."""
    return (
        f"The run was trained again up to this step. Recorded then: {recorded:.6f}; now: {rebuilt:.6f}; they differ by "
        f"{charts.format_tiny(abs(recorded - rebuilt))}."
    )
