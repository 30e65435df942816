"""A database that cannot be used: one sentence each time, no word of a text, and work again when it is back."""

import sqlite3
import stat
import sys
from contextlib import closing

import pytest
import sqlalchemy as sa

from core.lab import database
from core.lab.database import StoreError
from core.lab.store import Store

SECRET = "a secret that no log may hold"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(file, monkeypatch):
    monkeypatch.setattr(database, "RETRY_SECONDS", 0)
    monkeypatch.setattr(database, "LOOK_SECONDS", 0)
    return Store(f"sqlite:///{file}")


def fill_up(store: Store) -> None:
    """As if the disk had no room for another page."""

    def no_more_pages(connection, _):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    store.check()
    engine = store.database._engine
    sa.event.listen(engine, "connect", no_more_pages)
    engine.dispose()


def test_only_its_owner_may_read_the_file_and_those_beside_it(store, file):
    file.write_bytes(b"")
    file.chmod(0o644)
    store.create("{}", SECRET)
    found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()}
    assert found == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)


def test_an_insert_that_fails_shows_nothing_of_the_text(store, caplog):
    fill_up(store)
    with pytest.raises(StoreError, match="its disk is full: free some space") as refused:
        store.create("{}", f"{SECRET} " * 5_000)
    assert "secret" not in str(refused.value) + caplog.text + "".join(map(str, refused.traceback))
    assert "disk is full" in caplog.text


def test_what_sqlalchemy_says_of_an_insert_has_no_text_in_it(store):
    store.check()
    with pytest.raises(sa.exc.DBAPIError) as refused, store.database._engine.begin() as db:
        db.execute(sa.text("INSERT INTO nowhere VALUES (:text)"), {"text": SECRET})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:////no/such/folder/x.db", "No such file or directory. Check its folder"),
        ("sqlite:////", "Is a directory"),
        ("sqlite:///file:/no/such/x.db?mode=ro&uri=true", "cannot be opened: check that its folder exists"),
        ("sqlite://", "names no file"),
        ("nonsense", "is not the address of a database: write sqlite:"),
        ("http://localhost", "is not the address of a database"),
        ("postgresql://localhost:nonsense/x", "is not the address of a database"),
        ("mysql://localhost/x", "driver is missing: run pip install MySQLdb"),
        ("postgresql://nobody:hush@127.0.0.1:1/x", "does not answer"),
    ],
)
def test_a_database_that_cannot_be_opened_is_a_sentence(url, sentence):
    with pytest.raises(StoreError, match=sentence) as refused:
        Store(url).check()
    assert "hush" not in str(refused.value)


def test_postgres_without_its_driver_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"run pip install -r requirements-postgres\.txt"):
        Store("postgresql://localhost/x").check()


@pytest.mark.parametrize("content", [b"no database at all " * 100, b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_a_file_that_is_no_database_is_a_sentence_and_stays_as_it_is(store, file, content):
    file.write_bytes(content)
    file.chmod(0o644)
    with pytest.raises(StoreError, match=r"it is (not an SQLite database|damaged): move it away"):
        store.check()
    assert file.read_bytes() == content and stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_damaged_page_is_a_sentence(store, file):
    experiment = store.create("{}", SECRET * 1_000)
    store.database._engine.dispose()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(StoreError, match="it is damaged"):
        store.experiment(experiment)


def test_a_read_only_database_is_a_sentence_and_can_be_read(store, file):
    experiment = store.create("{}", "x")
    guest = Store(f"sqlite:///file:{file}?mode=ro&uri=true")
    assert guest.experiment(experiment).text == "x"
    with pytest.raises(StoreError, match="it is read-only: make the file and its folder writable"):
        guest.create("{}", "x")


def test_a_locked_database_is_a_sentence_and_works_when_the_lock_is_gone(store, file):
    store.check()
    sa.event.listen(store.database._engine, "connect", lambda db, _: db.execute("PRAGMA busy_timeout=50"))
    store.database._engine.dispose()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program has locked it"):
            store.create("{}", "x")
        other.execute("ROLLBACK")
    assert store.experiment(store.create("{}", "x")).text == "x"


def test_one_that_was_away_is_opened_when_it_is_back_but_not_tried_at_every_look(store, tmp_path, monkeypatch):
    folder = tmp_path / "later"
    store.database.url = f"sqlite:///{folder}/x.db"
    now = 100.0
    monkeypatch.setattr(database, "RETRY_SECONDS", 3)
    monkeypatch.setattr(database.time, "monotonic", lambda: now)
    with pytest.raises(StoreError):
        store.check()
    folder.mkdir()
    with pytest.raises(StoreError, match="No such file"):
        store.check()
    now += 3
    store.check()


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_that_was_deleted_or_replaced_is_reported_and_a_new_one_is_used(store, file, tmp_path, caplog, replace):
    former = store.create("{}", "x")
    store.append(former, [{"kind": "eval"}] * 500)
    assert store.database.note == ""
    if replace:
        (tmp_path / "other.db").write_bytes(b"")
        (tmp_path / "other.db").rename(file)
    else:
        file.unlink()
    assert store.experiment(former) is None
    assert "was deleted or replaced while this server ran" in store.database.note and store.database.note in caplog.text
    young = store.create("{}", "y")
    store.append(young, [{"kind": "eval"}])
    again = Store(store.database.url)  # it is in the file that is there now
    assert again.experiment(young).text == "y" and len(again.read(young)[0]) == 1 and again.read(former)[0] == []
