"""A sweep as tables: a row for each validation of each run, for it keeps no other loss. Shapes: R seeds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.experiments.results import Read
from core.experiments.sweep.results import SweepResults, fit_of
from core.experiments.tables import (
    BATCH_SIZE,
    LEARNING_RATE,
    NUMBER,
    SEED,
    STEP,
    TOKENS_SEEN,
    VAL_LOSS,
    Column,
    Figure,
    Tables,
    exact,
    table_of,
)
from core.measure.comparison import geometric_mean_of, mean_of

COLUMNS = (LEARNING_RATE, BATCH_SIZE, SEED, STEP, TOKENS_SEEN, VAL_LOSS)
TIED = "A rate is tied with the best where the t interval of their difference, paired over the seeds, contains 0."
FOUND = (
    Column("final_val_loss", NUMBER, "nats per token", "Mean over the seeds at the end of the budget; t interval."),
    Column("diverged_runs", NUMBER, "runs", "How many diverged, and ended."),
    Column("best_rate", NUMBER, "none", "The learning rate with the lowest final validation loss."),
    Column("lowest_tied_rate", NUMBER, "none", f"The lowest learning rate that is tied with it. {TIED}"),
    Column("highest_tied_rate", NUMBER, "none", f"The highest. {TIED}"),
    Column("target", NUMBER, "nats per token", "A validation loss that every batch size reaches at some rate."),
    Column(
        "steps_to_target", NUMBER, "steps",
        "Geometric mean over the seeds, at the rate that reaches it first; t interval of the logarithm.",
    ),
    Column("s_min", NUMBER, "steps", "Of S(B) = S_min + E_min / B, fitted: the fewest steps to the target."),
    Column("e_min", NUMBER, "windows", "The fewest windows to the target, of the same fit."),
    Column("b_crit", NUMBER, "windows", "E_min / S_min: the batch size that takes twice the least of both."),
)  # fmt: skip


def records(results: SweepResults, read: Read) -> Iterator[pd.DataFrame]:
    """One rate after another, and of each one batch size after another."""
    T, seeds = results.spec.race.block_size, np.array(results.spec.race.train.seeds)
    for rate, batch_size in sorted(results.evals):
        steps, losses = results.curve(rate, batch_size)
        place, seed = np.nonzero(np.isfinite(losses))
        yield table_of(
            COLUMNS,
            {
                "learning_rate": rate,
                "batch_size": batch_size,
                "seed": seeds[seed],
                "step": steps[place],
                "tokens_seen": steps[place] * batch_size * T,
                "val_loss": losses[place, seed],
            },
        )


def figures(results: SweepResults) -> Iterator[Figure]:
    for batch_size in results.batch_sizes:
        for rate, losses in results.final(batch_size).items():
            yield Figure("final_val_loss", mean_of(losses), {"learning_rate": rate, "batch_size": batch_size})
    for (rate, batch_size), num in sorted(results.num_diverged.items()):
        yield Figure("diverged_runs", exact(num), {"learning_rate": rate, "batch_size": batch_size})
    for batch_size, best in results.best_rates().items():
        rates = {"best_rate": best.rate, "lowest_tied_rate": best.lowest, "highest_tied_rate": best.highest}
        for name, rate in rates.items():
            yield Figure(name, exact(rate), {"batch_size": batch_size})
    if (target := results.usual_target()) is not None:
        yield from figures_to(results, target)


def figures_to(results: SweepResults, target: float) -> Iterator[Figure]:
    """The way to a target, as the page has it."""
    runs = results.runs_to(target)
    for (batch_size, rate), rows in runs.groupby(["batch_size", "rate"]):
        at = {"batch_size": batch_size, "learning_rate": rate, "target": target}
        reached = bool(np.isfinite(rows["steps"]).all())
        steps = geometric_mean_of(rows["steps"].to_numpy()) if reached else exact(None)
        yield Figure("steps_to_target", steps, at, "" if reached else "not reached by every seed")
    if fit := fit_of(runs):
        for name in ("s_min", "e_min", "b_crit"):
            yield Figure(name, getattr(fit, name), {"target": target})


TABLES = Tables(COLUMNS, records, FOUND, figures)
