"""What several lessons say, as text: no streamlit."""

import math
import re
from collections.abc import Mapping

import numpy as np

from core import charts
from core.experiments.noise.messages import NoiseScale
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.experiments.sweep.results import SweepResults
from core.measure.comparison import Overfit, geometric_mean_of
from core.measure.estimate import Estimate, Unresolved
from core.settings.declared import SOURCES

number = charts.format_significant

MADE_OF_TEXT = re.compile(r"https?:(?=//)|www(?=\.)|@|:(?=\w+[/:])|[<>~-](?=[>=-])", re.IGNORECASE)

WHY_UNRESOLVED: dict[str, str] = {
    Unresolved.HIDDEN: "the interval of |G|² contains 0, so the noise hides the length of the gradient",
    Unresolved.RARE: "a few rare windows make nearly all of the noise, and these batches hardly met one",
    Unresolved.ROUNDING: "there is no more noise than rounding errors make",
    Unresolved.NOT_FINITE: "the numbers were too large to compute with",
}

NO_TEXT_YET = "No text is in use yet. Paste one, then press **Use this text**."
LINK_WITHOUT_TEXT = (
    "This link asks for its sender's own text, and that text is not here: a text is never part of a link. "
    "Paste one, then press **Use this text**."
)


def plain(text: str) -> str:
    """Text that Markdown must show as it is. What a browser makes a link, an icon or an arrow of, also where it is
    escaped, has a joiner in it, which nobody sees."""
    special = "\\`*_{}[]()<>#+-.!|~$:^="
    return "".join(f"\\{c}" if c in special else c for c in MADE_OF_TEXT.sub("\\g<0>\u2060", text))


def unbroken(text: str) -> str:
    r"""A sentence whose sizes and powers of ten are not broken over two lines.

    >>> unbroken("B = 4 is off by 4 × 10⁻⁸")
    'B\xa0=\xa04 is off by 4\xa0×\xa010⁻⁸'
    """
    text = re.sub(r"\b([BT]) (\\?=) (?=\d)", "\\1\u00a0\\2\u00a0", text)  # also one that Markdown is kept from
    return re.sub(r"(\d) × 10(?=[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])", "\\1\u00a0×\u00a010", text)


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


def between(estimate: Estimate) -> str:
    """
    >>> between(Estimate(3.52, 3.41, 3.63))
    '3.52 (3.41 to 3.63)'
    """
    return f"{number(estimate.value)} ({interval(estimate)})"


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
    return brief(geometric_mean_of(values))


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


def not_resolved(doubt: str) -> str:
    """
    >>> not_resolved("rounding errors")
    'not resolved: there is no more noise than rounding errors make'
    """
    return f"not resolved: {WHY_UNRESOLVED[doubt]}"


def scale_sentence(scale: NoiseScale | None, block_size: int) -> str:
    """The noise scale in windows and in tokens, or why there is none."""
    if scale is None:
        return charts.NOT_MEASURED
    if (windows := scale.estimate) is None:
        return f"{not_resolved(scale.doubt)}."
    return (
        f"**{number(windows.value)} windows** ({interval(windows)}), which is "
        f"{charts.format_count(windows.value * block_size)} tokens."
    )


def overfitting_sentence(overfits: Mapping[str, Overfit], train_tokens: int, vocab_size: int) -> str:
    """What it means that a validation loss rose again: which batch size or order leads at the end is then no
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
        f"**On unseen text the loss rose again**, in every run: {runs}.{worse if above_uniform else ''} The lowest "
        f"points: {lowest}. Each run has read its text {number(times_read)} times. Where the training loss still "
        "falls, the models are memorising the text. The one that leads at the end overfitted least; it did not learn "
        "most. For a fair race use a longer text or a smaller budget."
    )


def jumps_of(results: RaceResults, batch_size: int) -> str:
    """How many steps its runs take, and how far their loss jumps from one to the next."""
    steps = charts.counted(results.num_steps(batch_size), "step")
    if noise := results.noise.get(batch_size):
        return f"{steps} · jumps ± {charts.format_two(noise.sigma)} nats"
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


# ---- a text of the visitor's own


def own_text_sentence(num_characters: int, num_train: int = 0, num_val: int = 0, vocab_size: int = 0) -> str:
    """How much text is in use; without tokens where they cannot be counted.

    >>> own_text_sentence(658, 592, 66, 41)
    'In use: 658 characters, which are 658 tokens: 592 to train on, 66 for validation, 41 different ones.'
    """
    characters = charts.counted(num_characters, "character")
    if not num_train:
        return f"In use: {characters}."
    return (
        f"In use: {characters}, which are {num_train + num_val:,} tokens: {num_train:,} to train on, {num_val:,} for "
        f"validation, {vocab_size:,} different ones."
    )


def readings_sentence(tokens: int, train_tokens: int, batch_tokens: int) -> str:
    """How often a budget reads a text, and where one step at the largest batch size reads all of it, that it does.

    >>> readings_sentence(120_000, 592, batch_tokens=512)
    '120,000 tokens a run read this text of 592 training tokens **203 times**.'
    """
    text = f"this text of {train_tokens:,} training tokens"
    if tokens < train_tokens:
        return f"{tokens:,} tokens a run read **{number(100 * tokens / train_tokens)}%** of {text}."
    large = ""
    if batch_tokens >= train_tokens:
        once = times(batch_tokens / train_tokens)
        large = f" One step of the largest batch reads it {once}: use smaller batches, or a longer text."
    return f"{tokens:,} tokens a run read {text} **{times(tokens / train_tokens)}**.{large}"


def times(count: float) -> str:
    """
    >>> times(1), times(4.03), times(203.2), times(2702.7)
    ('once', '4.03 times', '203 times', '2,700 times')
    """
    return "once" if round(count, 2) == 1 else f"{float(f'{count:.3g}'):,g} times"


def offer_label(tokens: int, train_tokens: int) -> str:
    """What is on the button for a budget that fits."""
    return f"Use {tokens:,} tokens: read it {times(tokens / train_tokens)}"
