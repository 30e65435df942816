"""What a chart shows now, as one sentence with its numbers, for people who cannot see it."""

import numpy as np
import pandas as pd

from core.charts.loss import last_points
from core.charts.numbers import format_count, format_significant


def describe_loss(mean: pd.DataFrame, *, what: str = "Training loss", x_unit: str = "tokens") -> str:
    """The last point of each line of `mean`, the dataset of `loss_chart`.

    "Training loss in nats per token by batch size, mean of the seeds: 4: 2.31 (interval 2.25 to 2.37) at 200k
    tokens."
    """
    parts = (
        f"{p['batch_size']}: {_with_interval(p['mean'], p['low'], p['high'], 'interval')}"
        f" at {format_count(p['x'])} {x_unit}"
        for p in last_points(mean)
    )
    return _sentence(f"{what} in nats per token by batch size, mean of the seeds", parts)


def describe_noise(noise: pd.DataFrame, what: str = "Loss noise in nats", interval: str = "95% interval") -> str:
    """
    "Loss noise in nats by batch size: 4: 0.117 (95% interval 0.111 to 0.123)."
    """
    parts = (f"{row.batch_size}: {_with_interval(row.sigma, row.low, row.high, interval)}" for row in _rows(noise))
    return _sentence(f"{what} by batch size", parts)


def describe_rates(rates: pd.DataFrame) -> str:
    """
    "Validation loss by batch size and learning rate: B = 4: 2.34 at 0.001, 2.39 at 0.002; B = 16: 2.48 at 0.001."
    """
    parts = [
        f"B = {b}: " + ", ".join(f"{format_significant(row.mean_)} at {row.rate:g}" for row in rows.itertuples())
        for b, rows in rates.rename(columns={"mean": "mean_"}).groupby("batch_size")
    ]
    return _sentence("Validation loss by batch size and learning rate", ["; ".join(parts)] if parts else [])


def describe_strips(batches: pd.DataFrame, what: str) -> str:
    """
    "Loss of a batch by batch size: 1: 2.10 to 5.31, on average 3.40; 4: 3.00 to 3.80, on average 3.41."
    """
    parts = [f"{b}: {_range(rows['value'])}" for b, rows in batches.groupby("batch_size")]
    return _sentence(f"{what} by batch size", ["; ".join(parts)] if parts else [])


def describe_noise_scale(scale: pd.DataFrame, unresolved: pd.DataFrame) -> str:
    """
    "Noise scale in windows: 2.53 (95% interval 2.34 to 2.73) at step 0; at step 600 not resolved."
    """
    parts = [
        f"{_with_interval(row.value, row.low, row.high, '95% interval')} at step {row.step:,}"
        for row in scale.itertuples()
    ] + [f"at step {step:,} not resolved" for step in unresolved["step"]]
    return _sentence("Noise scale in windows", ["; ".join(parts)] if parts else [])


def describe_gaps(gaps: pd.DataFrame) -> str:
    """The last evaluation of every batch size, mean of the seeds.

    "Validation minus training loss in nats by batch size, mean of the seeds at the end: 16: 1.02 at a training loss of
    1.24, 512: 0.0427 at a training loss of 2.54."
    """
    last = (
        gaps.sort_values("order").groupby(["batch_size", "seed"]).last().groupby("batch_size")[["gap", "train"]].mean()
    )
    parts = (
        f"{b}: {format_significant(row.gap)} at a training loss of {format_significant(row.train)}"
        for b, row in zip(last.index, last.itertuples(), strict=True)
    )
    return _sentence("Validation minus training loss in nats by batch size, mean of the seeds at the end", parts)


def describe_memory(memory: pd.DataFrame, by: str = "batch size") -> str:
    """
    "Memory in MB by batch size: 16: weights 0.0634, activations 1.34; 512: weights 0.0634, activations 42.7."
    """
    parts = [
        f"{b}: " + ", ".join(f"{row.part} {format_significant(row.megabytes)}" for row in rows.itertuples())
        for b, rows in memory.groupby("batch_size")
    ]
    return _sentence(f"Memory in MB by {by}", ["; ".join(parts)] if parts else [])


def describe_rank_times(times: pd.DataFrame) -> str:
    """
    "Milliseconds of a step by rank: 0: compute 6.30, exchange 2.20; 1: compute 6.50, exchange 2.10."
    """
    parts = [
        f"{rank}: " + ", ".join(f"{row.stage} {format_significant(row.milliseconds)}" for row in rows.itertuples())
        for rank, rows in times.groupby("rank")
    ]
    return _sentence("Milliseconds of a step by rank", ["; ".join(parts)] if parts else [])


def describe_throughput(speed: pd.DataFrame) -> str:
    """
    "Tokens a second by batch size, one run alone: 4: 12.3k, 16: 30k."
    """
    parts = (f"{row.batch_size}: {format_count(row.tokens_per_second)}" for row in _rows(speed))
    return _sentence("Tokens a second by batch size, one run alone", parts)


def describe_coverage(bins: pd.DataFrame) -> str:
    """
    "31.4% of the 200k tokens of the text seen; the current batch touches 3 of 400 stretches."
    """
    if bins.empty or bins["end"].equals(bins["start"]):
        return "Nothing of the text seen yet."
    lengths = bins["end"] - bins["start"]
    share = float((bins["seen"] * lengths).sum() / lengths.sum())
    return (
        f"{format_significant(100 * share)}% of the {format_count(lengths.sum())} tokens of the text seen; "
        f"the current batch touches {int(bins['current'].sum())} of {len(bins)} stretches."
    )


def describe_orders(mean: pd.DataFrame) -> str:
    """The last point of each order.

    "Validation loss in nats per token by order, mean of the seeds: random: 1.84 (95% interval 1.82 to 1.87) at 640k
    tokens."
    """
    last = mean.rename(columns={"mean": "mean_"}).drop_duplicates("order", keep="last")
    parts = (
        f"{row.order}: {_with_interval(row.mean_, row.low, row.high, '95% interval')} at {format_count(row.x)} tokens"
        for row in last.itertuples()
    )
    return _sentence("Validation loss in nats per token by order, mean of the seeds", parts)


def describe_reads(reads: pd.DataFrame, theory: pd.DataFrame) -> str:
    """
    "Share of the tokens by how often they were read: random: 0: 36.8%, 1: 36.7%; shuffled: 1: 100%; expected of random
    windows: 0: 36.8%, 1: 36.8%."
    """
    tables = [*reads.groupby("order", sort=False), ("expected of random windows", theory)]
    parts = [
        f"{name}: "
        + ", ".join(
            f"{row.times:g}: {format_significant(100 * row.share)}%" for row in rows.itertuples() if row.share > 5e-4
        )
        for name, rows in tables
    ]
    return _sentence("Share of the tokens by how often they were read", ["; ".join(parts)])


def describe_layers(dots: pd.DataFrame, what: str) -> str:
    """
    "Gradient norm by layer: wte 0.212, ln_f 0.0063."; of two kinds, "Moved: AdamW: wte 0.5, ln_f 0.2; SGD: wte 0.25."
    """
    by_kind = {
        kind: ", ".join(f"{layer} {value:.3g}" for layer, value in zip(rows["layer"], rows["value"], strict=True))
        for kind, rows in dots.groupby("kind", sort=False)
    }
    if len(by_kind) < 2:
        return _sentence(what, by_kind.values())
    return _sentence(what, ["; ".join(f"{kind}: {layers}" for kind, layers in by_kind.items())])


def describe_example_gradients(examples: pd.DataFrame, mean: pd.DataFrame) -> str:
    """
    "32 examples' gradients, of length 1.10 to 1.62, on average 1.31; cosine with their mean 0.320 to 0.701, on average
    0.513; their mean has length 0.672."
    """
    if examples.empty or mean.empty:
        return _sentence("Examples' gradients", ())
    lengths, cosines = examples["length"], examples["cosine"]
    return (
        f"{len(examples)} examples' gradients, of length {_range(lengths)}; cosine with their mean {_range(cosines)}; "
        f"their mean has length {format_significant(float(mean['length'].iloc[0]))}."
    )


def describe_sum(parts: pd.DataFrame, what: str, total: str = "sum so far") -> str:
    """
    "Loss of row 3: 64 parts, of 0.0120 to 6.21, on average 2.31; sum so far at the end 148."
    """
    if parts.empty:
        return _sentence(what, ())
    return (
        f"{what}: {len(parts)} parts, of {_range(parts['value'])}; {total} at the end {parts['running'].iloc[-1]:.4g}."
    )


def describe_histogram(bins: pd.DataFrame, mark: pd.DataFrame, what: str, of: str = "steps") -> str:
    """
    "Loss minus the median around it (nats): 500 steps from -0.125 to 0.133, the fullest bin, of 69, from -0.0327 to
    -0.0143; this step at 0.133."
    """
    count = int(bins["count"].sum())
    if not count or mark.empty:
        return _sentence(what, ())
    fullest = bins.loc[bins["count"].idxmax()]
    first, last, start, end, x = map(
        format_significant,
        (bins["start"].iloc[0], bins["end"].iloc[-1], fullest["start"], fullest["end"], mark["x"].iloc[0]),
    )
    return (
        f"{what}: {count} {of} from {first} to {last}, the fullest bin, of {int(fullest['count'])}, from {start} "
        f"to {end}; {mark['label'].iloc[0]} at {x}."
    )


def _range(values: pd.Series) -> str:
    values = values[np.isfinite(values)]
    low, high, mean = (format_significant(float(value)) for value in (values.min(), values.max(), values.mean()))
    return f"{low} to {high}, on average {mean}"


def _rows(frame: pd.DataFrame):
    return frame.sort_values("batch_size").itertuples()


def _with_interval(value: float, low: float, high: float, name: str) -> str:
    if pd.isna(low) or pd.isna(high):
        return format_significant(value)
    return f"{format_significant(value)} ({name} {format_significant(low)} to {format_significant(high)})"


def _sentence(subject: str, parts) -> str:
    return f"{subject}: {', '.join(parts) or 'nothing measured yet'}."
