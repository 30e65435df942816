"""A data parallel training as tables: a row for each step of each rank. W ranks."""

from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd

from core.experiments.parallel.results import ParallelResults
from core.experiments.parallel.times import exchange_share
from core.experiments.results import Read
from core.experiments.tables import NUMBER, STEP, WHOLE, Column, Figure, Tables, exact, table_of

NATS, PER_WEIGHT = "nats per token", "nats per token and unit of weight"
OF_STEP = (
    Column("loss", NUMBER, NATS, "Training loss of the whole batch, before the update; the same for all ranks."),
    Column("norm", NUMBER, PER_WEIGHT, "Norm of the averaged gradient."),
    Column("apart", NUMBER, "unit of weight", "Largest difference between two ranks' weights after the update."),
    Column("whole_norm", NUMBER, PER_WEIGHT, "Norm of the large batch's gradient; taken at some steps only."),
    Column("difference", NUMBER, "none", "|average - large batch's gradient| / |large batch's gradient|; likewise."),
)
OF_RANK = (  # as `RankReport` has them
    Column("loss", NUMBER, NATS, "Training loss of the rank's own rows."),
    Column("num_targets", WHOLE, "tokens", "Targets in the rank's own rows."),
    Column("norm", NUMBER, PER_WEIGHT, "Norm of the rank's own gradient."),
    Column("cosine", NUMBER, "none", "Cosine of the rank's own gradient with the average."),
    Column("compute_seconds", NUMBER, "seconds", "Forward and backward."),
    Column("wait_seconds", NUMBER, "seconds", "Until the last rank is done with that."),
    Column("reduce_seconds", NUMBER, "seconds", "The exchange of the gradients."),
)
RANK = Column("rank", WHOLE, "number", "Of the process, from 0.")
COLUMNS = (
    STEP,
    *OF_STEP,
    RANK,
    *(Column(f"rank_{each.name}", each.dtype, each.unit, each.meaning) for each in OF_RANK),
)
FOUND = (
    Column("last_loss", NUMBER, NATS, "Training loss of the whole batch in the last step."),
    Column(
        "largest_apart", NUMBER, "unit of weight", "Largest difference between two ranks' weights after any update."
    ),
    Column("largest_difference", NUMBER, "none", "Of the averaged gradient from the large batch's, over its norm."),
    Column("exchange_share", NUMBER, "none", "Of the ranks' time in a step, what is wait and exchange: median step."),
    Column("exchange_share_lower_quartile", NUMBER, "none", "It is less in a quarter of the steps."),
    Column("exchange_share_upper_quartile", NUMBER, "none", "It is more in a quarter of the steps."),
)


def records(results: ParallelResults, read: Read) -> Iterator[pd.DataFrame]:
    """One step after another, and in each the ranks."""
    rows: list[tuple] = []
    for step in results.steps:
        of_step = [getattr(step, column.name) for column in OF_STEP]
        for number, rank in enumerate(step.ranks):
            rows.append((step.step, *of_step, number, *(asdict(rank)[column.name] for column in OF_RANK)))
    yield table_of(COLUMNS, rows)


def figures(results: ParallelResults) -> Iterator[Figure]:
    if not results.steps:
        return
    yield Figure("last_loss", exact(results.steps[-1].loss), {"step": results.steps[-1].step})
    yield Figure("largest_apart", exact(max(step.apart for step in results.steps)))
    if differences := [step.difference for step in results.steps if step.difference is not None]:
        yield Figure("largest_difference", exact(max(differences)))
    share = exchange_share(results)
    yield Figure("exchange_share", exact(share.median))
    yield Figure("exchange_share_lower_quartile", exact(share.low))
    yield Figure("exchange_share_upper_quartile", exact(share.high))


TABLES = Tables(COLUMNS, records, FOUND, figures)
