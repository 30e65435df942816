"""What several lessons say, as text: no streamlit."""

import math
from collections.abc import Mapping

import numpy as np

from core import charts
from core.experiments.noise.messages import NoiseScale
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.experiments.sweep.results import SweepResults
from core.measure.comparison import Overfit, ratio_of
from core.measure.estimate import Estimate
from core.settings.declared import SOURCES

number = charts.format_significant


def source_title(source: str) -> str:
    """The title of a sample, or what a text of the visitor's own is called."""
    return SOURCES[source]


def model_size(race: RaceSpec) -> str:
    """The size of its model in words, "1 layer, 4 heads, 64 channels"."""
    parts = ((race.n_layer, "layer"), (race.n_head, "head"), (race.n_embd, "channel"))
    return ", ".join(charts.counted(size, noun) for size, noun in parts)


def interval(estimate: Estimate) -> str:
    """
    >>> interval(Estimate(3.5, 3.41, 3.63))
    '3.41 to 3.63'
    """
    return f"{signed(estimate.low)} to {signed(estimate.high)}"


def with_interval(estimate: Estimate) -> str:
    """
    >>> with_interval(Estimate(-0.1, -0.2, 0.1))
    '−0.100 (95% interval −0.200 to 0.100)'
    """
    if math.isnan(estimate.low):
        return f"{signed(estimate.value)} (a single value: no interval)"
    return f"{signed(estimate.value)} (95% interval {interval(estimate)})"


def signed(value: float) -> str:
    return number(value).replace("-", "−")


def brief(estimate: Estimate) -> str:
    """
    >>> brief(Estimate(-0.1, -0.2, 0.1)), brief(Estimate(2.0, math.nan, math.nan))
    ('−0.100 (−0.200 to 0.100)', '2.00')
    """
    return signed(estimate.value) + ("" if math.isnan(estimate.low) else f" ({interval(estimate)})")


def mean_text(values: np.ndarray) -> str:
    """The geometric mean of values above 0, with its 95% t interval, as the points of charts have it.

    >>> mean_text(np.array([4.0, 4.0])), mean_text(np.array([4.0]))
    ('4.00 (4.00 to 4.00)', '4.00')
    """
    return brief(ratio_of(values, np.ones(len(values))))


def rate_numbers(results: SweepResults, rate: float) -> dict[str, str]:
    """The validation losses that a learning rate leads to, as a row of a table."""
    table = results.rate_table()
    row = {"learning rate": f"{rate:g}"}
    for b in results.batch_sizes:
        found = table[(table["batch_size"] == b) & (table["rate"] == rate)].to_dict("records")
        row[f"B = {b}"] = "diverged" if results.num_diverged.get((rate, b)) else charts.NOT_MEASURED
        for each in found:
            row[f"B = {b}"] = brief(Estimate(each["mean"], each["low"], each["high"]))
    return row


def scale_sentence(scale: NoiseScale | None, block_size: int) -> str:
    """The noise scale in windows and in tokens, or why there is none."""
    if scale is None:
        return charts.NOT_MEASURED
    if (windows := scale.estimate) is None:
        return "not resolved. The interval of |G|² contains 0: the noise hides the length of the gradient."
    return (
        f"**{number(windows.value)} windows** ({interval(windows)}), which is "
        f"{charts.format_count(windows.value * block_size)} tokens."
    )


def overfitting_sentence(overfits: Mapping[str, Overfit], train_tokens: int, vocab_size: int) -> str:
    """What it means that a validation loss has come up again: which batch size or order leads at the end is then no
    answer. Empty where none has, or the text has not been read once. `overfits` by tokens, under the names of what is
    compared."""
    times_read = max((overfit.last_at for overfit in overfits.values()), default=0.0) / train_tokens
    risen = {name: overfit for name, overfit in overfits.items() if overfit.matters}
    if not risen or times_read <= 1:
        return ""
    uniform = math.log(vocab_size)
    above_uniform = min(overfit.last for overfit in overfits.values()) > uniform
    runs = "; ".join(
        f"{name} from {each.lowest:.2f} (after {charts.format_count(each.lowest_at)} tokens) to {each.last:.2f}"
        for name, each in risen.items()
    )
    worse = f" All of them now lie above ln V = {uniform:.2f}: a guess that knows nothing would do better."
    lowest = ", ".join(f"{name} {overfit.lowest:.2f}" for name, overfit in overfits.items())
    return (
        f"**On new text the loss has come up again**, in every run: {runs}.{worse if above_uniform else ''} The lowest "
        f"points: {lowest}. Each run has read its text {number(times_read)} times. Where the training loss still "
        "falls, the text is being learnt by heart, and who leads at the end has overfitted least, which is not to have "
        "learnt best: a longer text or a smaller budget makes a race of it."
    )


def jumps_of(results: RaceResults, batch_size: int) -> str:
    """How many steps its runs take, and how far their loss jumps from one to the next."""
    steps = charts.counted(results.num_steps(batch_size), "step")
    if noise := results.noise.get(batch_size):
        return f"{steps} · jumps ± {noise.sigma:.2g} nats"
    return f"{steps} · too few to tell the noise" if results.too_few_steps(batch_size) else steps


def panel_sentence(results: RaceResults, batch_size: int, columns: Mapping[str, np.ndarray]) -> str:
    """What is seen of the training losses at one batch size, from the columns of its panel."""
    if not len(columns["x"]):
        return f"Training loss at B = {batch_size}: nothing measured yet."
    low, high, last = (number(float(v)) for v in (columns["low"].min(), columns["high"].max(), columns["mean"][-1]))
    return (
        f"Training loss at B = {batch_size} ({jumps_of(results, batch_size)}): every step lies between {low} and "
        f"{high} nats per token; the running mean ends at {last}."
    )
