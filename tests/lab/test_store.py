"""What is kept, in which order, and for how long."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from core.lab import servers as servers_module
from core.lab import store as store_module
from core.lab.store import Store, made_up_id
from core.lab.tables import metadata, servers

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.waits)])
def store(request, tmp_path):
    """On either kind of database."""
    sqlite = request.param == "sqlite"
    made = Store(f"sqlite:///{tmp_path}/store.db" if sqlite else request.getfixturevalue("postgres").url)
    yield made
    made.close()


@pytest.fixture
def another(store):
    """Another server on the same database."""
    made = Store(store.database.url)
    yield made
    made.close()


@pytest.fixture
def another_host(another):
    """`another_host(seconds_ago)` is on another machine, and its last sign of life is so old."""

    def with_age(seconds_ago: float) -> Store:
        another.still_here()
        with another.database.begin() as db:
            values = {"host": "another", "pid": 1, "seen_at": time.time() - seconds_ago}
            db.execute(sa.update(servers).where(servers.c.id == another.server.id).values(values))
        another.still_here = lambda: None  # it says no more
        return another

    return with_age


def test_a_race_is_there_again_with_its_text(store):
    race = store.experiment(store.create('{"a": 1}', "the text"))
    assert (race.settings, race.text, race.status, race.active) == ('{"a": 1}', "the text", "waiting", True)
    assert store.experiment("nosuch") is None and store.status("nosuch") is None


@pytest.mark.parametrize(
    "text", ["a\x00b", "\\x00 \\0 \\\\0 \\", "\\\x00\\", "\t\x07 \u2028 שלום 👨\u200d👩\u200d👧 \ufffd"]
)
def test_any_text_comes_back_as_it_was(store, text):
    experiment = store.create("{}", text)
    store.set_status(experiment, "failed", text)
    assert store.experiment(experiment).text == text and store.status(experiment)[1] == text


def test_its_repr_does_not_hold_the_text(store):
    assert "secret" not in repr(store.experiment(store.create("{}", "a secret")))


def test_records_come_back_in_order_from_a_cursor(store):
    one, other = store.create("{}", "x"), store.create("{}", "x")
    store.append(one, [{"kind": "losses", "data": b"\x00\x01"}, {"kind": "eval"}])
    store.append(other, [{"kind": "noise"}])
    store.append(one, [{"kind": "speed"}])
    first, cursor = store.read(one, at_most=2)
    assert first == [{"kind": "losses", "data": b"\x00\x01"}, {"kind": "eval"}]
    rest, last = store.read(one, after=cursor)
    assert rest == [{"kind": "speed"}]
    assert store.read(one, after=last) == ([], last)


def test_an_end_stands(store):
    race = store.create("{}", "x")
    store.set_status(race, "done")
    store.set_status(race, "failed", "too late")
    assert store.status(race) == ("done", "")


@pytest.mark.parametrize(("seconds_ago", "seen"), [(50, "running"), (70, "interrupted")])
def test_a_race_whose_server_gives_no_sign_of_life_was_interrupted(store, another_host, seconds_ago, seen):
    other = another_host(seconds_ago)
    race = other.create("{}", "x", digest="d")
    other.set_status(race, "running")
    assert store.status(race)[0] == seen == store.experiment(race).status
    assert store.find("d") == (race if seen == "running" else None)


def test_a_server_that_is_heard_again_was_not_gone(store, another_host):
    other = another_host(70)
    race = other.create("{}", "x")
    assert store.status(race)[0] == "interrupted"
    del other.still_here
    other.still_here()
    assert store.status(race)[0] == "waiting"


def test_ones_own_server_is_never_gone_however_busy_the_machine(store, monkeypatch):
    race = store.create("{}", "x", digest="d")
    now = time.time()
    monkeypatch.setattr(servers_module.time, "time", lambda: now + 3_600)
    assert store.status(race)[0] == "waiting" and store.experiment(race).here and store.find("d") == race


KILLED = """
import os, signal, sys
from core.lab.store import Store
store = Store(sys.argv[1])
race = store.create("{}", "x")
store.set_status(race, "running")
print(race, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.waits
def test_the_race_of_a_server_that_was_killed_on_this_machine_is_interrupted_at_once(store):
    command = [sys.executable, "-c", KILLED, str(store.database.url)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        race = other.stdout.readline().strip()
        assert store.status(race)[0] == "running" and not store.experiment(race).here
        other.stdin.write("\n")
        other.stdin.flush()
        until = time.monotonic() + 10
        while store.status(race)[0] == "running" and time.monotonic() < until:
            time.sleep(0.02)
        assert store.status(race)[0] == "interrupted"  # also before its parent has taken note


def test_a_process_that_was_given_the_number_of_another_is_not_taken_for_it():
    me = psutil.Process()
    assert servers_module.is_running(me.pid, me.create_time())
    assert not servers_module.is_running(me.pid, me.create_time() - 3_600)


def test_equal_experiments_are_found_by_their_digest_the_newest_first(store):
    old, young, other = (store.create("{}", "x", digest=digest) for digest in ("d", "d", "e"))
    assert (store.find("d"), store.find("e"), store.find("f")) == (young, other, None)
    store.set_status(young, "failed")
    assert store.find("d") == old
    store.set_status(old, "done")
    assert store.find("d") == old
    store.create("{}", "x")
    assert store.find("") is None


def test_after_a_week_a_race_is_forgotten_with_its_text(store, monkeypatch):
    old = store.create("{}", "an old secret")
    store.append(old, [{"kind": "eval"}])
    now = time.time()
    monkeypatch.setattr(store_module.time, "time", lambda: now + 8 * 24 * 3600)
    young = store.create("{}", "x")
    store.forget_old()
    assert store.experiment(old) is None and store.read(old) == ([], 0)
    assert store.experiment(young) is not None


def test_ids_cannot_be_guessed(store):
    ids = {store.create("{}", "x") for _ in range(50)}
    assert len(ids) == 50 and min(map(len, ids)) >= 16


def test_a_message_is_json_beside_its_bytes(store):
    race = store.create("{}", "x")
    store.append(race, [{"kind": "text", "text": 'quotes " \u2028 \x00 🙂'}])
    assert json.dumps(store.read(race)[0][0]["text"]) == json.dumps('quotes " \u2028 \x00 🙂')


def test_a_status_can_change_until_the_end(store):
    race = store.create("{}", "x")
    for status in ("running", "paused", "running"):
        store.set_status(race, status)
        assert store.status(race) == (status, "") and store.experiment(race).active
    store.set_status(race, "failed", "No memory.")
    assert store.status(race) == ("failed", "No memory.") and not store.experiment(race).active


def test_a_race_that_ended_is_never_interrupted(store, another_host):
    other = another_host(3_600)
    race = other.create("{}", "x")
    other.set_status(race, "done")
    assert store.status(race) == ("done", "")


def test_the_oldest_are_forgotten_where_there_are_too_many(store, monkeypatch):
    races = [store.create("{}", "x") for _ in range(5)]
    monkeypatch.setattr(store_module, "KEPT_EXPERIMENTS", 3)
    store.forget_old()
    assert [store.experiment(race) is not None for race in races] == [False, False, True, True, True]


def test_a_forgotten_text_is_nowhere_in_the_database(store, monkeypatch):
    store.create("{}", "an old secret")
    now = time.time()
    monkeypatch.setattr(store_module.time, "time", lambda: now + 8 * 24 * 3600)
    store.forget_old()
    with store.database.begin() as db:
        rows = [row for table in metadata.sorted_tables for row in db.execute(sa.select(table))]
    assert "secret" not in str(rows)


def test_several_threads_can_write_and_read_at_once(store):
    races = [store.create("{}", "x") for _ in range(4)]

    def write(race):
        for step in range(25):
            store.append(race, [{"kind": "text", "step": step}])
            store.read(race)

    threads = [threading.Thread(target=write, args=(race,)) for race in races]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    for race in races:
        assert [message["step"] for message in store.read(race)[0]] == list(range(25))


def test_what_is_kept_is_listed_the_newest_first_without_its_text(store, another_host):
    now = time.time()
    other = another_host(70)
    old, young = other.create('{"a": 1}', "the text"), store.create("{}", "x")
    first, last = store.recent()
    assert (first.id, last.id, last.settings, last.status) == (young, old, '{"a": 1}', "interrupted")
    assert now - 5 < last.created_at <= first.created_at < now + 60 and "the text" not in repr(last)
    assert store.recent(at_most=1) == [first]


def test_another_store_on_the_same_database_sees_what_was_kept(store, another):
    race = store.create("{}", "x")
    store.append(race, [{"kind": "eval"}])
    assert another.read(race)[0] == [{"kind": "eval"}] and another.experiment(race).text == "x"


def test_an_id_can_be_given_to_a_command(monkeypatch):
    made_up = iter(["-a1", "--b2", "c-3"])
    monkeypatch.setattr("core.lab.store.secrets.token_urlsafe", lambda length: next(made_up))
    assert made_up_id() == "c-3"
