"""What a measurement of noise shows, as text."""

import math
from collections.abc import Mapping

from core import charts
from core.experiments.noise.messages import NoiseScale, Slope
from core.experiments.noise.results import NoiseResults
from core.ui.sentences import model_size, source_title

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


def design_effect_sentence(block_size: int, design_effect: float) -> str:
    """Why the tokens of a batch do not count as independent ones; NaN while the design effect is not known."""
    if math.isnan(design_effect):
        return "**Why not 1/√(B·T)?** The design effect says, when the losses of all windows are known."
    cancel = ", more than it has: below 1, their differences cancel rather than add up" if design_effect < 1 else ""
    return (
        f"**Why not 1/√(B·T)?** A batch has B × {block_size} tokens, but those of one window are not independent. The "
        f"mean of a window varies as much as that of {block_size} tokens from anywhere would, times "
        f"**{number(design_effect)}** (the design effect, measured here): a window counts as "
        f"{number(block_size / design_effect)} independent tokens{cancel}. The number that decides is B."
    )


def slope_sentence(slope: Slope | None) -> str:
    """Whether the noise falls as 1/√B."""
    if slope is None:
        return "The fitted slope comes when all batch sizes have been measured."
    value, low, high = (f"{each:.3f}".replace("-", "−") for each in (slope.slope, slope.low, slope.high))
    verdict = (
        "which holds −½: four times the batch, half the noise"
        if slope.estimate.contains(-0.5)
        else "which does not hold −½; of twenty such intervals, one misses the truth by chance"
    )
    return f"**Fitted slope: {value}** (95% interval {low} to {high}), {verdict}."


def squared_norm_sentence(scales: Mapping[int, NoiseScale]) -> str:
    """The estimate of |G|², by step, beside what it estimates, which is known here and nowhere else."""
    pairs = [
        f"{number(scale.grad_sq_norm)} and {number(scale.whole_grad_sq_norm)} at step {step:,}"
        for step, scale in sorted(scales.items())
    ]
    return f"|G|² as the batches estimate it, and of the whole text itself: {'; '.join(pairs) or 'not yet'}."
