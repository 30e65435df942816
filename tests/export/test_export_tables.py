"""Records as CSV and Parquet, and results as JSON: what is read back is what the store has."""

import io
import json
import math
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from from_messages import results_of
from kept_experiments import keep, recording_of

from core.experiments.feed import Feed
from core.experiments.registry import KINDS, from_json
from core.experiments.tables import NUMBER, WHOLE, WORD, Column, Figure, exact
from core.experiments.version import versions
from core.export.results import results_json
from core.export.tables import WRITERS, dictionary_path, write_csv, write_records
from core.lab.store import Store

WORDS = (Column("word", WORD, "name", "A word."), Column("value", NUMBER, "none", "A number."))


def refuse(constant: str):
    raise AssertionError(f"{constant} is no JSON")


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path}/kept.db")
    yield made
    made.close()


def read_back(path, columns) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={column.name: column.dtype for column in columns})


# ---- files


@pytest.mark.parametrize("format", WRITERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_reads_back_as_what_the_store_has(store, tmp_path, kind, format):
    experiment_id = keep(store, kind)
    kept, read = store.experiment(experiment_id), partial(store.read, experiment_id)
    results, tables = Feed(read, from_json(kept.settings, kept.text)).look(), KINDS[kind].tables
    path = tmp_path / f"table.{format}"
    write_records(path, format, tables.columns, tables.records(results, read))
    recording = recording_of(kind)
    wanted = pd.concat(
        tables.records(results_of(recording.spec, recording.messages), recording.read), ignore_index=True
    )
    assert len(wanted) > 3
    pd.testing.assert_frame_equal(read_back(path, tables.columns), wanted, check_exact=True)


@pytest.mark.parametrize("kind", KINDS)
def test_beside_a_file_stands_what_its_columns_mean(tmp_path, kind):
    tables, path = KINDS[kind].tables, tmp_path / "table.parquet"
    write_records(path, "parquet", tables.columns, [])
    beside = pd.read_csv(dictionary_path(path), keep_default_na=False)
    assert list(beside.columns) == ["column", "dtype", "unit", "meaning"]
    assert beside["column"].tolist() == list(pd.read_parquet(path).columns) == [each.name for each in tables.columns]
    assert beside["meaning"].tolist() == [each.meaning for each in tables.columns]
    first, schema = tables.columns[0], pq.read_schema(path)
    assert schema.field(first.name).metadata == {b"unit": first.unit.encode(), b"meaning": first.meaning.encode()}


@pytest.mark.parametrize("there", ["table.csv", "table.columns.csv"])
def test_a_file_that_is_there_stays(tmp_path, there):
    (tmp_path / there).write_text("kept")
    with pytest.raises(FileExistsError):
        write_records(tmp_path / "table.csv", "csv", WORDS, [])
    assert [each.name for each in tmp_path.iterdir()] == [there] and (tmp_path / there).read_text() == "kept"


@pytest.mark.parametrize("format", WRITERS)
def test_a_file_that_could_not_be_finished_is_gone(tmp_path, format):
    def parts():
        yield pd.DataFrame({"word": ["a"], "value": [1.0]})
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        write_records(tmp_path / f"table.{format}", format, WORDS, parts())
    assert list(tmp_path.iterdir()) == []


def test_no_more_than_a_part_is_held_at_once(tmp_path):
    """A part is asked for when the one before is written."""
    written = []
    path = tmp_path / "table.csv"

    def parts():
        for number in range(5):
            written.append(path.stat().st_size)
            yield pd.DataFrame({"word": ["x" * 100_000] * 10, "value": [float(number)] * 10})

    write_records(path, "csv", WORDS, parts())
    assert all(after - before > 500_000 for before, after in pairwise(written))


# ---- a spreadsheet


@pytest.mark.parametrize("word", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")'])
def test_a_word_that_a_spreadsheet_would_run_is_made_harmless(word):
    file = io.BytesIO()
    write_csv(file, WORDS, [pd.DataFrame({"word": [word], "value": [-1.5]})])
    table = pd.read_csv(io.BytesIO(file.getvalue()))
    assert table["word"].tolist() == [f"'{word}"] and table["value"].tolist() == [-1.5]


@pytest.mark.parametrize("word", ["random", "a=b", "1-2", "", "×", "two\nlines", 'a "word", quoted'])
def test_any_other_word_stays_as_it_is(word):
    file = io.BytesIO()
    write_csv(file, WORDS, [pd.DataFrame({"word": [word], "value": [1e-300]})])
    table = pd.read_csv(io.BytesIO(file.getvalue()), keep_default_na=False)
    assert table["word"].tolist() == [word] and table["value"].tolist() == [1e-300]


# ---- JSON


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_json_of_every_figure_with_its_interval(kind):
    recording = recording_of(kind)
    results, tables = results_of(recording.spec, recording.messages), KINDS[kind].tables
    found = json.loads(results_json(results, id="abc", status="done"), parse_constant=refuse)
    assert found["experiment"] == {"id": "abc", "status": "done", "kind": kind}
    assert found["seeds"] == list(recording.spec.seeds) and found["settings"]["kind"] == kind
    for entry, figure in zip(found["results"], tables.figures(results), strict=True):
        estimate = figure.estimate
        for name, value in (("value", estimate.value), ("low", estimate.low), ("high", estimate.high)):
            assert entry[name] == (value if math.isfinite(value) else None)
        assert {entry["name"], *entry["at"]} <= found["dictionary"].keys()
    assert all(each["unit"] and each["meaning"] for each in found["dictionary"].values())


def test_no_word_of_the_text_is_among_the_results():
    recording = recording_of("draws")
    found = results_json(results_of(recording.spec, recording.messages))
    assert "not to be" not in found and json.loads(found)["text"]["characters"] == len(recording.spec.text)


def test_a_number_that_is_not_finite_is_null(monkeypatch):
    recording = recording_of("draws")
    columns, never = (Column("x", WHOLE, "none", "A number."),), Figure("x", exact(math.inf), {"x": math.nan})
    tables = KINDS["draws"].tables
    monkeypatch.setattr(
        "core.export.results.kind_of",
        lambda spec: type("Kind", (), {"tables": type(tables)(columns, None, (), lambda results: [never])}),
    )
    (entry,) = json.loads(results_json(results_of(recording.spec, [])), parse_constant=refuse)["results"]
    assert entry == {"name": "x", "at": {"x": None}, "value": None, "low": None, "high": None, "why": ""}


def test_versions_are_those_that_ran_it():
    spec = recording_of("draws").spec
    results = results_of(spec, KINDS["draws"].run(spec))
    found = json.loads(results_json(results))
    assert found["versions"] == vars(versions()) and len(found["versions"]["batchscope"]) == 32
    assert np.array_equal(found["seeds"], [5, 6, 7, 8])
    before = recording_of("race")  # before they were kept
    assert json.loads(results_json(results_of(before.spec, before.messages)))["versions"] is None
