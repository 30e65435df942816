"""A measurement of noise as tables: a row for each batch that was kept."""

from collections.abc import Iterator

import pandas as pd

from core.experiments.noise.results import NoiseResults
from core.experiments.results import Read
from core.experiments.tables import (
    BATCH_SIZE,
    NUMBER,
    SINGLE,
    WHOLE,
    Column,
    Figure,
    Tables,
    exact,
    table_of,
)
from core.measure.estimate import Estimate

NATS = "nats per token"
PER_WEIGHT = "nats per token and unit of weight"
SQUARED = f"({PER_WEIGHT})^2"
KEPT = {"loss": "loss", "norm": "gradient_norm", "cosine": "gradient_cosine"}  # as results have it, and the column
COLUMNS = (
    Column("step", WHOLE, "steps", "Optimizer steps after which the weights were frozen."),
    BATCH_SIZE,
    Column("batch", WHOLE, "number", "Of the batch among those of its size, from 0. The first 100 of each are kept."),
    Column("loss", SINGLE, NATS, "Mean loss of the batch at the frozen weights."),
    Column(
        "gradient_norm", SINGLE, PER_WEIGHT, "Norm of the same batch's gradient; missing where only its loss was taken."
    ),
    Column("gradient_cosine", SINGLE, "none", "Cosine of that gradient with the whole text's."),
)
SPREADS = {"loss": "loss_spread", "distinct": "distinct_loss_spread", "gradient": "gradient_spread"}
FOUND = (
    Column("whole_loss", NUMBER, NATS, "Mean loss of all windows of the text."),
    Column("window_spread", NUMBER, NATS, "Standard deviation of the losses of single windows."),
    Column("design_effect", NUMBER, "none", "T Var(window mean) / Var(token loss), position means removed."),
    Column("loss_spread", NUMBER, NATS, "Root mean square distance of a batch's loss from whole_loss."),
    Column("distinct_loss_spread", NUMBER, NATS, "The same for batches drawn without replacement."),
    Column(
        "gradient_spread", NUMBER, PER_WEIGHT, "Root mean square distance of a batch's gradient from the whole text's."
    ),
    Column("loss_slope", NUMBER, "none", "d ln loss_spread / d ln B; -1/2 where windows are independent."),
    Column("gradient_slope", NUMBER, "none", "d ln gradient_spread / d ln B."),
    Column("noise_scale", NUMBER, "windows", "B_simple = tr(Sigma) / |G|^2, from gradients of single windows."),
    Column("grad_sq_norm", NUMBER, SQUARED, "|G|^2, an unbiased estimate from the same gradients."),
    Column("trace_cov", NUMBER, SQUARED, "tr(Sigma), an unbiased estimate from the same gradients."),
    Column("whole_grad_sq_norm", NUMBER, SQUARED, "|G|^2 of the whole text itself."),
)


def records(results: NoiseResults, read: Read) -> Iterator[pd.DataFrame]:
    """One step after another. The batches whose gradients were taken are the first of those whose losses were."""
    for step in results.whole:
        kept = {column: results.batches.get((step, what), {}) for what, column in KEPT.items()}
        for batch_size in kept["loss"]:
            series = {name: pd.Series(by_size.get(batch_size, []), dtype=float) for name, by_size in kept.items()}
            table = pd.DataFrame(series)  # as long as the longest
            yield table_of(COLUMNS, dict(table) | {"step": step, "batch_size": batch_size, "batch": table.index})


def figures(results: NoiseResults) -> Iterator[Figure]:
    for step, whole in results.whole.items():
        at: dict[str, int | float | str] = {"step": step}
        yield Figure("whole_loss", exact(whole.loss), at)
        yield Figure("window_spread", exact(whole.sigma), at)
        yield Figure("design_effect", exact(whole.design_effect), at)
        for quantity, name in SPREADS.items():
            for spread in results.spreads.get((step, quantity), ()):
                low, high = (float("nan"),) * 2 if spread.doubt else (spread.low, spread.high)
                where = at | {"batch_size": spread.batch_size}
                yield Figure(name, Estimate(spread.sigma, low, high), where, spread.doubt)
        for quantity in ("loss", "gradient"):
            if slope := results.slopes.get((step, quantity)):
                yield Figure(f"{quantity}_slope", slope.estimate, at, slope.unresolved)
        if scale := results.scales.get(step):
            yield Figure("noise_scale", scale.estimate or exact(scale.simple_noise_scale), at, scale.doubt)
            for name in ("grad_sq_norm", "trace_cov", "whole_grad_sq_norm"):
                yield Figure(name, exact(getattr(scale, name)), at)


TABLES = Tables(COLUMNS, records, FOUND, figures)
