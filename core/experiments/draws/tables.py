"""Random draws as tables: a row for each draw."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.experiments.draws.results import DrawsResults
from core.experiments.results import Read
from core.experiments.tables import NUMBER, WHOLE, WORD, Column, Figure, Tables, table_of
from core.measure.comparison import mean_of

COUNTED = Column(
    "counted", WORD, "name",
    "unread: tokens that no window of an epoch's worth of random ones has; padding: empty slots of a padded batch.",
)  # fmt: skip
COLUMNS = (
    Column("draw", WHOLE, "number", "From 0."),
    Column("seed", WHOLE, "number", "Of the draw."),
    COUNTED,
    Column("percent", NUMBER, "percent", "What was counted in this draw."),
)
FOUND = (Column("mean_percent", NUMBER, "percent", "Mean over the draws; t interval."),)


def records(results: DrawsResults, read: Read) -> Iterator[pd.DataFrame]:
    draws = np.array(sorted(results.percents), dtype=int)
    values = {"draw": draws, "seed": np.array(results.spec.seeds)[draws], "counted": str(results.spec.counted)}
    yield table_of(COLUMNS, values | {"percent": [results.percents[draw] for draw in draws]})


def figures(results: DrawsResults) -> Iterator[Figure]:
    if results.percents:
        percents = np.array(list(results.percents.values()))
        yield Figure("mean_percent", mean_of(percents), {"counted": str(results.spec.counted)})


TABLES = Tables(COLUMNS, records, FOUND, figures)
