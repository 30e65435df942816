"""What is kept, in which order, and for how long."""

import json
import threading
import time

import pytest
import sqlalchemy as sa

from core.lab import store as store_module
from core.lab.store import Store
from core.lab.tables import metadata


@pytest.fixture
def store(tmp_path):
    return Store(f"sqlite:///{tmp_path}/store.db")


def test_a_race_is_there_again_with_its_text(store):
    race = store.experiment(store.create('{"a": 1}', "the text"))
    assert (race.settings, race.text, race.status, race.active) == ('{"a": 1}', "the text", "waiting", True)
    assert store.experiment("nosuch") is None and store.status("nosuch") is None


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


def test_who_waits_knows_how_many_are_ahead(store):
    first, second, third = (store.create("{}", "x") for _ in range(3))
    assert [store.num_ahead(r) for r in (first, second, third)] == [0, 1, 2]
    store.set_status(first, "stopped")
    assert store.num_ahead(third) == 1


def test_a_race_without_a_sign_of_life_was_interrupted(store, monkeypatch):
    race = store.create("{}", "x")
    store.set_status(race, "running")
    now = time.time()
    monkeypatch.setattr(store_module.time, "time", lambda: now + 61)
    assert store.status(race)[0] == "interrupted" and not store.experiment(race).active
    store.still_here([race])
    assert store.status(race)[0] == "running"


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


def test_a_race_that_lost_its_server_is_ahead_of_nobody(store, monkeypatch):
    store.create("{}", "x")
    now = time.time()
    monkeypatch.setattr(store_module.time, "time", lambda: now + 61)
    assert store.num_ahead(store.create("{}", "x")) == 0


def test_a_race_that_ended_is_never_interrupted(store, monkeypatch):
    race = store.create("{}", "x")
    store.set_status(race, "done")
    now = time.time()
    monkeypatch.setattr(store_module.time, "time", lambda: now + 3_600)
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


def test_another_store_on_the_same_database_sees_what_was_kept(store):
    race = store.create("{}", "x")
    store.append(race, [{"kind": "eval"}])
    again = Store(store.database.url)
    assert again.read(race)[0] == [{"kind": "eval"}] and again.experiment(race).text == "x"
