"""What a step costs as tables: a row for each update that was timed; memory, which is counted once, is a figure."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.experiments.results import Read
from core.experiments.step_cost.results import StepCostResults
from core.experiments.tables import BATCH_SIZE, NUMBER, WHOLE, Column, Figure, Tables, exact, table_of
from core.measure.comparison import geometric_mean_of

COLUMNS = (
    Column("round", WHOLE, "number", "Of timing, from 1: in each, all updates are timed once, in another order."),
    BATCH_SIZE,
    Column("micro_batch_size", WHOLE, "windows", "In one pass through the model; batch_size where it is one pass."),
    Column("seconds", NUMBER, "seconds", "One update: forward, backward, optimizer."),
    Column("product_flops_per_second", NUMBER, "operations a second", "Of a large matrix product in the same round."),
    Column("onednn_flops_per_second", NUMBER, "operations a second", "The same by oneDNN, where torch has it besides."),
)
PARTS = {
    "weights": "Of the model.",
    "gradients": "Of all weights.",
    "optimizer": "AdamW's two averages.",
    "activations": "What forward keeps for backward.",
    "temporary": "What is there for a moment only, at the peak.",
}
FOUND = (
    Column("step_seconds", NUMBER, "seconds", "Geometric mean over the rounds; t interval of the logarithm."),
    Column("fixed_seconds", NUMBER, "seconds", "a of t(B) = a + b B, fitted: what a step takes however small B is."),
    Column("window_seconds", NUMBER, "seconds", "b of the same fit: what each further window adds."),
    Column("knee", NUMBER, "windows", "a / b: where half of the most windows a second is reached."),
    *(Column(f"{part}_bytes", NUMBER, "bytes", what) for part, what in PARTS.items()),
    Column("block_size", WHOLE, "tokens", "T, at which the memory was counted."),
    Column("activation_bytes_per_window", NUMBER, "bytes", "Slope of activations over B, by least squares."),
    Column(
        "gradient_difference", NUMBER, "none",
        "Distance of the gradient that micro-batches add up to from that of one pass, over the norm of the latter.",
    ),
    Column("largest_batch_size", NUMBER, "windows", "The largest batch whose step fits the budget of memory."),
    Column("largest_batch_bytes", NUMBER, "bytes", "What its step held when it was tried."),
)  # fmt: skip


def records(results: StepCostResults, read: Read) -> Iterator[pd.DataFrame]:
    """By batch size and micro-batch size."""
    for (batch_size, micro_batch_size), seconds in sorted(results.seconds.items()):
        rates = {
            name: each if len(each) == len(seconds) else np.nan  # not taken in every round
            for name, each in (
                ("product_flops_per_second", results.products),
                ("onednn_flops_per_second", results.onednn_products),
            )
        }
        split = {"batch_size": batch_size, "micro_batch_size": micro_batch_size}
        yield table_of(COLUMNS, {"round": np.arange(1, len(seconds) + 1), "seconds": seconds} | split | rates)


def figures(results: StepCostResults) -> Iterator[Figure]:
    for (batch_size, micro_batch_size), seconds in sorted(results.seconds.items()):
        at = {"batch_size": batch_size, "micro_batch_size": micro_batch_size}
        yield Figure("step_seconds", geometric_mean_of(np.array(seconds)), at)
    if fit := results.fit():
        for name in ("step_seconds", "window_seconds", "knee"):
            yield Figure("fixed_seconds" if name == "step_seconds" else name, getattr(fit, name))
    yield from memory_figures(results)
    for micro_batch_size, difference in sorted(results.differences.items()):
        at = {"batch_size": results.spec.split_size, "micro_batch_size": micro_batch_size}
        yield Figure("gradient_difference", exact(difference), at)


def memory_figures(results: StepCostResults) -> Iterator[Figure]:
    for batch_size, block_size in sorted(results.memory):
        for part, size in results.parts(batch_size, block_size).items():
            yield Figure(f"{part}_bytes", exact(size), {"batch_size": batch_size, "block_size": block_size})
    if line := results.line():
        yield Figure("activation_bytes_per_window", exact(line[1]))
    if (largest := results.largest) is not None:
        yield Figure("largest_batch_size", exact(largest.batch_size), why=largest.why_not)
        yield Figure("largest_batch_bytes", exact(largest.measured), why=largest.why_not)


TABLES = Tables(COLUMNS, records, FOUND, figures)
