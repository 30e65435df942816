"""Who comes next, who may stop what, and how long one waits. No cluster."""

from dataclasses import replace

import pytest
from small_races import SHORT

from core.lab import line as lines
from core.lab.line import Entry, Line


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(lines, "time", clock)
    return clock


@pytest.fixture
def there():
    return {"ann", "bob", "cleo"}


@pytest.fixture
def line(clock, there):
    return Line(there.__contains__)


def add(line: Line, owner: str, name: str, max_tokens: int = 4_000) -> Entry:
    spec = replace(SHORT, train=replace(SHORT.train, max_tokens=max_tokens))
    line.entries[name] = Entry(name, spec, [owner], seen_at=lines.time.monotonic())
    return line.entries[name]


def names(entries) -> str:
    return " ".join(entry.id for entry in entries)


def test_the_second_of_one_visitor_goes_behind_the_first_of_another(line):
    add(line, "ann", "a1").future = object()
    for owner, name in (("ann", "a2"), ("ann", "a3"), ("bob", "b1"), ("cleo", "c1"), ("bob", "b2")):
        add(line, owner, name)
    assert names(line.order()) == "a1 b1 c1 a2 b2 a3"
    assert names(line.waiting()) == "b1 c1 a2 b2 a3" and line.ahead("a2")[0] == 3
    del line.entries["a1"]
    assert names(line.order()) == "a2 b1 c1 a3 b2"  # now it is her first


def test_the_same_experiment_is_joined_and_any_other_is_not(line):
    first = add(line, "ann", "a")
    assert line.join(replace(first.spec), "bob") == "a" and first.owners == ["ann", "bob"]
    assert line.join(replace(first.spec, text=first.spec.text + "."), "bob") is None
    assert line.join(replace(first.spec, block_size=4), "bob") is None


def test_nobody_may_stop_what_another_who_is_there_asked_for_too(line, there):
    entry = add(line, "ann", "a")
    assert not line.shared("a", "ann")
    line.join(entry.spec, "bob")
    assert line.shared("a", "ann") and line.shared("a", "bob") and line.shared("a", "cleo")
    line.leave("a", "bob")
    assert not line.shared("a", "ann") and line.shared("a", "bob")
    there.remove("ann")
    assert not line.shared("a", "bob")
    line.leave("a", "ann")
    assert entry.owners == ["ann"]  # somebody's turn it is


def test_who_is_gone_leaves_the_line_within_a_minute(line, there, clock):
    running, second = add(line, "ann", "a"), add(line, "bob", "b")
    running.future = object()
    clock.now += 1_000
    assert line.overdue() == ([], [])  # they are there, whatever page they look at
    there.remove("bob")
    clock.now += 29
    assert line.overdue() == ([], [])
    clock.now += 2
    assert line.overdue() == (["b"], [])
    line.renew_lease("b", "bob again")
    assert line.overdue() == ([], []) and second.seen_at == clock.now


def test_whoever_looks_at_it_after_a_reload_keeps_its_place(line, there, clock):
    add(line, "ann", "a").future = object()
    add(line, "bob", "b")
    there.remove("bob")
    there.add("bob again")
    line.renew_lease("b", "bob again")
    clock.now += 500  # a tab in the background does not tick
    assert line.overdue() == ([], []) and not line.shared("b", "bob again")
    there.remove("bob again")
    clock.now += 31
    assert line.overdue() == (["b"], [])


def test_a_run_of_who_is_gone_goes_on_for_a_while_where_nobody_waits(line, there, clock):
    entry = add(line, "ann", "a")
    entry.future = object()
    there.remove("ann")
    clock.now += 599
    assert line.overdue() == ([], [])
    clock.now += 2
    assert line.overdue() == (["a"], [])


def test_a_pause_ends_after_two_minutes_where_others_wait(line, clock):
    entry = add(line, "ann", "a")
    entry.future = object()
    entry.begin("here")
    entry.pause()
    clock.now += 500
    assert line.overdue() == ([], []) and line.resumes_in("a") is None
    add(line, "bob", "b")
    assert line.overdue() == ([], ["a"]) and line.resumes_in("a") == 0
    entry.resume()
    entry.pause()
    clock.now += 50
    assert line.resumes_in("a") == 70 and line.overdue() == ([], [])


def test_a_wait_is_told_from_what_finished_before_and_pauses_do_not_count(line, clock):
    first = add(line, "ann", "a", max_tokens=4_000)
    first.future = object()
    first.begin("here")
    clock.now += 10
    first.pause()
    clock.now += 60
    first.resume()
    clock.now += 10
    add(line, "bob", "b", max_tokens=8_000)
    assert line.ahead("b") == (1, None)
    line.learn(first)  # 20 s of work for 4,000 tokens a run
    del line.entries["a"]
    add(line, "cleo", "c")
    assert line.ahead("c") == (1, pytest.approx(40))
    line.entries["b"].future = object()
    line.entries["b"].begin("here")
    clock.now += 15
    assert line.ahead("c") == (1, pytest.approx(25))
    clock.now += 100
    assert line.ahead("c") == (1, 0)  # it takes longer than was expected
