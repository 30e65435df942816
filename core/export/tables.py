"""The records of an experiment as a file, CSV or Parquet, with its data dictionary beside it.

A table comes in parts and is written part by part, so that memory does not grow with a run. A file that is there
already is left as it is, and one that could not be finished is taken away.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from core.experiments.tables import WORD, Column, table_of

FORMULA = r"^(?=[=+\-@\t\r\n])"  # a spreadsheet runs a cell that begins so (OWASP, CSV injection)
DICTIONARY = (
    Column("column", WORD, "name", "Its name."),
    Column("dtype", WORD, "name", "Its type, as pandas calls it."),
    Column("unit", WORD, "name", "Its unit; “none” for a ratio, “name” for a word."),
    Column("meaning", WORD, "name", "What it says."),
)


def write_records(path: Path, format: str, columns: Sequence[Column], parts: Iterable[pd.DataFrame]) -> None:
    """As `format`, one of WRITERS; the meaning of every column goes into a file beside it. Raises FileExistsError."""
    with new_file(dictionary_path(path)) as beside, new_file(path) as file:
        write_csv(beside, DICTIONARY, [dictionary_of(columns)])
        WRITERS[format](file, columns, parts)


def dictionary_path(path: Path) -> Path:
    """
    >>> dictionary_path(Path("race.parquet")).name
    'race.columns.csv'
    """
    return path.with_suffix(".columns.csv")


def dictionary_of(columns: Sequence[Column]) -> pd.DataFrame:
    return table_of(DICTIONARY, [tuple(asdict(column).values()) for column in columns])


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, that must not be there yet; gone again where it could not be finished."""
    with path.open("xb") as file:
        try:
            yield file
        except BaseException:
            path.unlink()
            raise


# ---- formats


def write_csv(file: BinaryIO, columns: Sequence[Column], parts: Iterable[pd.DataFrame]) -> None:
    """UTF-8, words in quotes. One that a spreadsheet would run gets an apostrophe before it; numbers stay numbers."""
    schema = schema_of(columns)
    words = [column.name for column in columns if column.dtype == WORD]
    with pacsv.CSVWriter(file, schema) as writer:
        for part in parts:
            harmless = {name: part[name].str.replace(FORMULA, "'", regex=True) for name in words}
            writer.write_table(pa.Table.from_pandas(part.assign(**harmless), schema, preserve_index=False))


def write_parquet(file: BinaryIO, columns: Sequence[Column], parts: Iterable[pd.DataFrame]) -> None:
    """A row group for each part; unit and meaning are with each column, too."""
    schema = schema_of(columns)
    with pq.ParquetWriter(file, schema) as writer:
        for part in parts:
            writer.write_table(pa.Table.from_pandas(part, schema, preserve_index=False))


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """As pandas reads it back."""
    schema = pa.Schema.from_pandas(table_of(columns, []), preserve_index=False)
    fields = [schema.field(c.name).with_metadata({"unit": c.unit, "meaning": c.meaning}) for c in columns]
    return pa.schema(fields, schema.metadata)


WRITERS = {"csv": write_csv, "parquet": write_parquet}
