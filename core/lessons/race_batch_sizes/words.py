"""A race in sentences: what was raced, who leads, how noisy its losses are, and where one of them lies."""

import numpy as np

from core import charts
from core.experiments.race.messages import Diverged
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.measure.comparison import lead_of
from core.ui.sentences import model_size, source_title

number = charts.format_significant

# ---- the race


def tokens_read(results: RaceResults, share: float) -> str:
    """How many tokens a share of it is."""
    total = results.total_tokens
    return f"{charts.format_count(share * total)} of {charts.format_count(total)} tokens"


def divergence_sentences(divergences: list[Diverged]) -> str:
    runs = [f"B = {gone.batch_size}, seed {gone.seed}: diverged at step {gone.step:,}" for gone in divergences]
    return f"{'; '.join(runs)}. A run that diverges ends there; the others go on."


def summary_of(spec: RaceSpec) -> str:
    """What was raced, for the case that the choices have changed since."""
    plan = spec.train
    return (
        f"This race: {source_title(spec.source)}, tokens by {spec.tokenizer}; block size {spec.block_size}; "
        f"{model_size(spec)}; "
        f"learning rate {plan.learning_rate:g} at B = {plan.reference_batch_size}, rule {plan.lr_rule}; "
        f"order {plan.order}; seeds {plan.seeds[0]} to {plan.seeds[-1]}; "
        f"{charts.format_count(plan.max_tokens)} tokens a run."
    )


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
        f"B = {lead.second} is {lead.difference.value:.3f} behind"
    )
    if lead.num_seeds == 1:
        return f"{text}. One seed cannot tell whether that is chance."
    low, high = lead.difference.low, lead.difference.high
    interval = f"95% interval {low:.3f} to {high:.3f}, paired over {lead.num_seeds} seeds".replace("-", "−")
    verdict = "**not resolved**: these seeds cannot tell the two apart"
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
