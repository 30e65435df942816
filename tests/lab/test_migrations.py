"""A database of any earlier version is brought up to date; one that is not ours is left alone, with a sentence."""

import sqlite3
import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.lab import migrations
from core.lab.database import StoreError
from core.lab.store import Store
from core.lab.tables import metadata

BEFORE_MIGRATIONS = """
CREATE TABLE experiments (
    id VARCHAR(32) NOT NULL, number INTEGER NOT NULL, settings TEXT NOT NULL, text TEXT NOT NULL,
    status VARCHAR(16) NOT NULL, sentence TEXT NOT NULL, created_at FLOAT NOT NULL, seen_at FLOAT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_experiments_number ON experiments (number);
CREATE INDEX ix_experiments_status ON experiments (status);
CREATE TABLE records (
    number INTEGER NOT NULL, experiment_id VARCHAR(32) NOT NULL, message TEXT NOT NULL, data BLOB, PRIMARY KEY (number)
);
CREATE INDEX by_experiment ON records (experiment_id, number);
INSERT INTO experiments VALUES ('done', 1, '{}', 'a text', 'done', '', 1, 1);
INSERT INTO experiments VALUES ('lost', 2, '{}', 'x', 'running', '', 1, 1);
INSERT INTO records VALUES (1, 'done', '{"kind": "eval"}', NULL);
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(file):
    return Store(f"sqlite:///{file}")


def write(file, sql: str) -> None:
    with sqlite3.connect(file) as db:
        db.executescript(sql)
    db.close()


def tables(file) -> str:
    with sqlite3.connect(file) as db:
        found = db.execute("SELECT name, sql FROM sqlite_master").fetchall()
    db.close()
    return str(found)


def differences(store: Store) -> list:
    with store.database.begin() as db:
        context = MigrationContext.configure(db, opts={"version_table": migrations.VERSION_TABLE})
        return compare_metadata(context, metadata)


def test_head_is_the_newest_version():
    scripts = ScriptDirectory(str(next(iter(migrations.__path__))))
    assert scripts.get_current_head() == migrations.HEAD


def test_a_new_database_has_the_tables_of_the_program(store):
    assert differences(store) == []


def test_one_of_before_has_them_too_and_keeps_what_it_held(store, file):
    write(file, BEFORE_MIGRATIONS)
    kept = store.experiment("done")
    assert (kept.text, kept.status, kept.here) == ("a text", "done", False)
    assert store.read("done")[0] == [{"kind": "eval"}] and store.status("lost")[0] == "interrupted"
    assert differences(store) == []


def test_a_usual_start_changes_nothing_and_needs_no_alembic(store, file, monkeypatch):
    store.check()
    monkeypatch.setattr(migrations, "upgrade", None)
    Store(store.database.url).check()


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("CREATE TABLE experiments (id INTEGER, race TEXT)", "of another program, or of a very old Batchscope"),
        ("CREATE TABLE records (number INTEGER)", "of another program, or of a very old Batchscope"),
        (
            "CREATE TABLE batchscope_version (version_num TEXT); INSERT INTO batchscope_version VALUES ('0099')",
            "of a newer version of Batchscope: update Batchscope",
        ),
    ],
)
def test_tables_that_are_not_ours_are_a_sentence_and_stay(store, file, sql, sentence):
    write(file, sql)
    before = tables(file)
    with pytest.raises(StoreError, match=sentence):
        store.check()
    assert tables(file) == before


def test_our_tables_can_be_among_those_of_others(store, file):
    write(file, "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('theirs')")
    assert store.status("nosuch") is None and "theirs" not in str(differences(store))


def test_a_step_that_fails_leaves_all_as_it_was(store, file, monkeypatch):
    write(file, BEFORE_MIGRATIONS)
    before, upgrade = tables(file), migrations.upgrade

    def fail(db, is_first):
        upgrade(db, is_first)
        raise sa.exc.OperationalError("", {}, Exception())

    monkeypatch.setattr(migrations, "upgrade", fail)
    with pytest.raises(StoreError):
        store.check()
    assert tables(file) == before


def test_several_servers_can_start_on_a_new_database_at_once(file):
    stores, wrong = [Store(f"sqlite:///{file}") for _ in range(6)], []

    def start(store):
        try:
            store.create("{}", "x")
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=start, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and differences(stores[0]) == []
