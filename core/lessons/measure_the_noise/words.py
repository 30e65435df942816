"""What a measurement of noise shows, as text."""

import math

from core import charts
from core.experiments.noise.messages import Slope
from core.experiments.noise.results import NoiseResults
from core.measure.estimate import Estimate
from core.ui.sentences import between, model_size, not_resolved, source_title

number = charts.format_significant


def summary_of(results: NoiseResults) -> str:
    """What was measured, for the case that the choices have changed since."""
    race, started = results.spec.race, results.started
    windows = ""
    if started:
        some = "" if started.all_windows else ", evenly spread over it"
        windows = (
            f" The text is {started.num_windows:,} windows of {race.block_size}{some}. Of each batch size, "
            f"{started.gradient_batches:,} batches for gradients and {started.loss_batches:,} for losses."
        )
    return (
        f"This measurement: {source_title(race.source)}, tokens by {race.tokenizer}; {model_size(race)}; "
        f"trained at B = {race.train.batch_sizes[0]}, learning rate "
        f"{race.train.learning_rate:g}, seed {race.train.first_seed}.{windows}"
    )


def answer_sentence(results: NoiseResults, step: int) -> str:
    """How far batch losses lie from the whole text's, and whether that falls as 1/√B."""
    spread = list(results.spread_table(step, "loss").sort_values("batch_size").itertuples())
    doubts = doubts_sentence(results, step)
    if not spread:
        return doubts or "How far a batch lies from the whole text shows after the first few hundred batches."
    small, large = spread[0], spread[-1]
    text = (
        f"After {charts.counted(step, 'step')} a batch of {charts.counted(small.batch_size, 'window')} typically lies "
        f"**± {number(small.sigma)} nats** from the whole text's loss"
    )
    if len(spread) == 1:
        return f"{text}. {doubts}".rstrip()
    ratio, predicted = small.sigma / large.sigma, (large.batch_size / small.batch_size) ** 0.5
    return (
        f"{text}, a batch of {large.batch_size:,} **± {number(large.sigma)}**: {number(ratio)} times less; "
        f"1/√B predicts {number(predicted)}. {slope_sentence(results.slopes.get((step, 'loss')))} {doubts}"
    ).rstrip()


def doubts_sentence(results: NoiseResults, step: int) -> str:
    """The batch sizes whose spread of losses is not resolved, why, and what the losses of all windows predict."""
    doubts = results.doubts(step, "loss")
    if not doubts:
        return ""
    sizes, smallest = ", ".join(f"{b:,}" for b in sorted(doubts)), min(doubts)
    predicted = results.whole[step].sigma / smallest**0.5
    return (
        f"After {charts.counted(step, 'step')} the spread at B = {sizes} is {not_resolved(doubts[smallest])}. From the "
        f"losses of all windows it should be ± {number(predicted)} nats at B = {smallest:,}."
    )


def whole_note(results: NoiseResults, step: int) -> str:
    """What the line in the losses is."""
    whole = results.whole.get(step)
    value = f", {whole.loss:.4f} nats per token" if whole else ""
    return f"A tick is a batch. Dashed line: the loss of the whole text{value}."


def design_effect_sentence(block_size: int, design_effect: float | None) -> str:
    """Why the tokens of a batch do not count as independent ones; None while the design effect is not known."""
    if design_effect is None:
        return "The design effect answers this. It is known once the losses of all windows are."
    if not design_effect > 0:  # NaN where the losses do not vary
        return "The design effect would answer this. It is not resolved: here the windows' losses do not vary."
    cancel = (
        ", more than it contains: below 1, their differences cancel rather than add up" if design_effect < 1 else ""
    )
    return (
        f"A batch has B × {block_size} tokens, but those of one window are not independent. The **design effect** says "
        f"how much that matters: the mean of a window varies **{number(design_effect)}** times as much as the mean of "
        f"{block_size} tokens from anywhere would (in variance, measured here). So a window counts as "
        f"{number(block_size / design_effect)} independent tokens{cancel}. What counts is B, not B × T."
    )


def slope_sentence(slope: Slope | None) -> str:
    """Whether the noise falls as 1/√B."""
    if slope is None:
        return "The fitted slope appears when all batch sizes have been measured."
    if math.isnan(slope.slope):
        return "**Fitted slope: not resolved.** It takes the spread of two batch sizes."
    value, low, high = (f"{each:.3f}".replace("-", "−") for each in (slope.slope, slope.low, slope.high))
    verdict = (
        "consistent with −1/2: four times the batch, half the noise"
        if slope.estimate.contains(-0.5)
        else "which does not contain −1/2; of twenty such intervals, one misses the truth by chance"
    )
    return f"**Fitted slope: {value}** (95% interval {low} to {high}), {verdict}."


# ---- the charts in numbers


def numbers_of(results: NoiseResults, step: int, batch_size: int) -> dict[str, str]:
    """What the charts show of one batch size, as a row of a table."""
    cosines = results.batches.get((step, "cosine"), {}).get(batch_size)
    return {
        "batch size": f"{batch_size:,}",
        "spread of batch losses, nats": spread_text(results, step, "loss", batch_size),
        "the same, no window twice": spread_text(results, step, "distinct", batch_size),
        "distance of batch gradients": spread_text(results, step, "gradient", batch_size),
        "mean cosine": charts.NOT_MEASURED if cosines is None else number(float(cosines.mean(dtype=float))),
    }


def spread_text(results: NoiseResults, step: int, quantity: str, batch_size: int) -> str:
    table = results.spread_table(step, quantity)
    for row in table[table["batch_size"] == batch_size].itertuples():
        return between(Estimate(row.sigma, row.low, row.high))
    return "not resolved" if batch_size in results.doubts(step, quantity) else charts.NOT_MEASURED


def scale_numbers(results: NoiseResults, step: int) -> dict[str, str]:
    """The noise scale at one step, and |G|² as the batches estimate it next to that of the whole text, which is known
    here and nowhere else."""
    whole, scale = results.whole.get(step), results.scales.get(step)
    windows = tokens = estimated = known = charts.NOT_MEASURED
    if scale:
        estimated, known = number(scale.grad_sq_norm), number(scale.whole_grad_sq_norm)
        if estimate := scale.estimate:
            windows = between(estimate)
            tokens = charts.format_count(estimate.value * results.spec.race.block_size)
        else:
            windows, tokens = not_resolved(scale.doubt), "–"
    return {
        "steps": f"{step:,}",
        "loss of the whole text": f"{whole.loss:.4f}" if whole else charts.NOT_MEASURED,
        "noise scale, windows": windows,
        "in tokens": tokens,
        "|G|² estimated from batches": estimated,
        "|G|² of the whole text": known,
    }
