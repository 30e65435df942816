"""What waits for a database that is away: in order, once, within bounds, and with a word where something is missing."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.lab import database, writer
from core.lab.database import StoreError
from core.lab.store import Records, Status, Store
from core.lab.writer import Writer

ROOT = Path(__file__).parents[2]
ONE = Records.of("x", [{"kind": "text", "step": 0}]).num_bytes


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "RETRY_SECONDS", 0)
    monkeypatch.setattr(writer, "RETRY_SECONDS", 0.02)
    return Store(f"sqlite:///{tmp_path}/store.db")


@pytest.fixture
def kept(store):
    running = Writer(store)
    yield running
    running.close(0)


@contextmanager
def away(store: Store):
    """A database that takes nothing; gives the changes that were tried."""
    write, tried = store.write, []

    def refuse(changes):
        tried.append(list(changes))
        raise StoreError("It is away.")

    store.write = refuse
    yield tried
    store.write = write


def step(number: int) -> dict:
    return {"kind": "text", "step": number}


def steps(store: Store, experiment_id: str) -> list[int]:
    return [message["step"] for message in store.read(experiment_id)[0]]


def test_what_could_not_be_written_is_written_later_in_order_and_once(store, kept):
    one, other = store.create("{}", "x"), store.create("{}", "x")
    with away(store) as tried:
        kept.set_status(one, Status.RUNNING)
        for number in range(50):
            kept.append(one, [step(2 * number), step(2 * number + 1)])
            kept.append(other, [step(number)])
        kept.set_status(one, Status.DONE, "The end.")
        assert not kept.flush(0.2) and len(tried) > 2  # it was tried again
        assert store.status(one)[0] == "waiting"
    assert kept.flush(20)
    assert store.status(one) == ("done", "The end.") and store.status(other)[0] == "waiting"
    assert steps(store, one) == list(range(100)) and steps(store, other) == list(range(50))


def test_who_appends_does_not_wait_for_a_locked_database(store, kept, tmp_path):
    race = store.create("{}", "x")
    lock = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    for number in range(20):
        kept.append(race, [step(number)])
    kept.set_status(race, Status.DONE)
    assert time.monotonic() - began < 2  # a lock is waited for 5 s
    assert steps(store, race) == []
    lock.close()
    assert kept.flush(20) and steps(store, race) == list(range(20)) and store.status(race)[0] == "done"


def test_an_end_is_never_seen_before_its_records(store, kept):
    race = store.create("{}", "x")

    def send():
        for number in range(300):
            kept.append(race, [step(number)])
        kept.set_status(race, Status.DONE)

    sender = threading.Thread(target=send)
    sender.start()
    while store.status(race)[0] != "done":
        time.sleep(0.001)
    assert steps(store, race) == list(range(300))
    sender.join()


def test_an_end_that_was_set_directly_stands(store, kept):
    race = store.create("{}", "x")
    with away(store):
        kept.set_status(race, Status.RUNNING)
        assert not kept.flush(0.05)
    store.set_status(race, Status.STOPPED)
    assert kept.flush(20) and store.status(race)[0] == "stopped"


@pytest.mark.parametrize(("end", "shown"), [("done", "failed"), ("stopped", "stopped")])
def test_what_is_too_much_is_dropped_and_the_end_says_how_much(store, kept, monkeypatch, end, shown):
    monkeypatch.setattr(writer, "MAX_WAITING_BYTES", 3 * ONE)
    race, other = store.create("{}", "x"), store.create("{}", "x")
    with away(store):
        for number in range(5):
            kept.append(race, [step(number)])
    assert kept.flush(20)
    kept.append(race, [step(5)])  # there is room again, but its curve would have a hole
    kept.append(other, [step(0)])
    for each in (race, other):
        kept.set_status(each, Status(end), "Before.")
    assert kept.flush(20)
    assert steps(store, race) == [0, 1, 2] and steps(store, other) == [0]
    sentence = "Before. The database could not keep all of it: 3 records are missing."
    assert store.status(race) == (shown, sentence)
    assert store.status(other) == (end, "Before.")


def test_a_record_that_the_database_refuses_holds_nothing_up(store, kept):
    race, other = store.create("{}", "x"), store.create("{}", "x")
    with store.database.begin() as db:
        seven = "NEW.message LIKE '%7}' BEGIN SELECT RAISE(ABORT, 'no'); END"
        db.exec_driver_sql(f"CREATE TRIGGER no_seven BEFORE INSERT ON records WHEN {seven}")
    with away(store):
        kept.append(other, [step(0)])
        kept.append(race, [step(7)])
        kept.append(other, [step(1)])
        kept.set_status(race, Status.DONE)
    assert kept.flush(20) and steps(store, other) == [0, 1]
    assert store.status(race) == ("failed", "The database could not keep all of it: 1 record is missing.")


SCRIPT = """
import sqlite3, sys
from core.lab.store import Status, Store
from core.lab.writer import Writer

store = Store(f"sqlite:///{sys.argv[1]}")
race = store.create("{}", "x")
lock = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False)
lock.execute("BEGIN IMMEDIATE")
writer = Writer(store)
for number in range(100):
    writer.append(race, [{"kind": "text", "step": number}])
writer.set_status(race, Status.STOPPED)
if sys.argv[2] == "free":
    import threading
    threading.Timer(1, lock.close).start()
print(race)
"""


@pytest.mark.waits
@pytest.mark.parametrize(("lock", "found"), [("free", 100), ("held", 0)])
def test_what_waits_when_the_server_ends_is_written_within_seconds(tmp_path, lock, found):
    command = [sys.executable, "-c", SCRIPT, tmp_path / "x.db", lock]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=40)
    store = Store(f"sqlite:///{tmp_path}/x.db")
    assert len(steps(store, run.stdout.strip())) == found
    assert ("changes waited for the database" in run.stderr) == (not found)
