"""What an experiment recorded as a tidy table, and what it found as figures: numbers with their intervals.

Each kind has its own in `tables.py` in its folder, with a declaration of every column and of every name: its unit and
its meaning. How they are written into files is `core/export/tables.py` and `core/export/findings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.measure.estimate import Estimate

if TYPE_CHECKING:
    from core.experiments.results import Read

ROWS_AT_ONCE = 100_000  # of a table, about: a long run comes in parts, so that memory does not grow with it
WHOLE, SOME_WHOLE, NUMBER, SINGLE, WORD = "int64", "Int64", "float64", "float32", "str"  # dtypes of pandas


@dataclass(frozen=True)
class Column:
    """A column of a table, or a name among the figures, as a data dictionary has it."""

    name: str
    dtype: str  # of pandas; numbers may be missing, but for int64
    unit: str  # "none" for a ratio, "name" for a word
    meaning: str


@dataclass(frozen=True)
class Figure:
    """A number that was found."""

    name: str  # one of the kind's `found`
    estimate: Estimate  # NaN where it is not known, and at both ends where it has no interval
    at: Mapping[str, int | float | str] = field(default_factory=dict)  # where: a batch size, a step and so on
    why: str = ""  # it is not known, or has no interval


@dataclass(frozen=True)
class Tables:
    """A kind's two tables, and what is in them."""

    columns: tuple[Column, ...]  # of the records
    # from the results and all messages: parts of about ROWS_AT_ONCE rows, each with these columns
    records: Callable[[Any, Read], Iterator[pd.DataFrame]]
    found: tuple[Column, ...]  # the names of the figures, and of where they hold besides the columns
    figures: Callable[[Any], Iterator[Figure]]  # from the results


def exact(value: float | None) -> Estimate:
    """A number that has no interval; None where there is none.

    >>> exact(2)
    Estimate(value=2.0, low=nan, high=nan)
    """
    return Estimate(np.nan if value is None else float(value), np.nan, np.nan)


def table_of(columns: Sequence[Column], values: Mapping[str, Any] | list[tuple]) -> pd.DataFrame:
    """A table with these columns, of their types: from the values of each, or one for all rows, or from rows."""
    names = [column.name for column in columns]
    if isinstance(values, list):
        table = pd.DataFrame(values, columns=names)
    else:
        table = pd.DataFrame({name: values[name] for name in names})
    return table.astype({column.name: column.dtype for column in columns})


# ---- columns that several kinds have

BATCH_SIZE = Column("batch_size", WHOLE, "windows", "B: windows of T tokens that one optimizer step reads.")
SEED = Column("seed", WHOLE, "number", "Of the run: its first weights, and which windows it reads.")
STEP = Column("step", WHOLE, "steps", "Optimizer steps done, from 1; 0 is before the first.")
TOKENS_SEEN = Column("tokens_seen", WHOLE, "tokens", "Read by the run up to this step: step x B x T.")
LEARNING_RATE = Column("learning_rate", NUMBER, "none", "Of AdamW, the same at every batch size.")
ORDER = Column("order", WORD, "name", "How windows come: random (with replacement), shuffled or sequential.")
LOSS = Column(
    "loss", SINGLE, "nats per token",
    "Training loss of the batch that this step reads, before its update. A run that diverged has no row from that step "
    "on.",
)  # fmt: skip
VAL_LOSS = Column(
    "val_loss", SINGLE, "nats per token",
    "Validation loss after this step, on fixed windows that no run trains on; missing where it was not taken.",
)  # fmt: skip
TRAIN_PART_LOSS = Column(
    "train_part_loss", SINGLE, "nats per token",
    "The same on fixed windows of the training part; missing where it was not asked for.",
)  # fmt: skip
MINUS = Column("minus", WORD, "name", "What is subtracted, in a difference.")
