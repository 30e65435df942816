"""Classes in the database: who may do what, in which order, from several servers, and what is left of them."""

import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.classroom import classes as classes_module
from core.classroom.activities import PREPARED, own
from core.classroom.classes import FRESH_SECONDS, ClassError, Classes
from core.classroom.phase import Phase
from core.lab.store import Store
from core.lab.tables import metadata
from core.settings.limits import MAX_MEMBERS

NOISIER = PREPARED[0]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.waits)])
def database(request, tmp_path):
    """Either kind."""
    sqlite = request.param == "sqlite"
    store = Store(f"sqlite:///{tmp_path}/store.db" if sqlite else request.getfixturevalue("postgres").url)
    yield store.database
    store.close()


@pytest.fixture
def known(database):
    return Classes(database)


@pytest.fixture
def opened(known):
    """(the class's id, its desk)"""
    code, secret = known.open()
    return known.find(code), known.desk(secret)


def joined(known, class_id, number: int = 1):
    return [known.seat(known.join(class_id)) for _ in range(number)]


def test_a_new_class_is_an_empty_lobby(known):
    code, secret = known.open()
    state = known.look(known.find(code))
    assert (state.code, state.phase, state.members, state.rounds, state.round) == (code, Phase.LOBBY, (), (), None)
    assert known.desk(secret).class_id == state.id


def test_whoever_comes_gets_the_next_number_and_a_name(known, opened):
    seats = joined(known, opened[0], 3)
    assert [seat.number for seat in seats] == [1, 2, 3]
    names = [member.name for member in known.look(opened[0]).members]
    assert len(set(names)) == 3 and all(names)


def test_a_seat_is_found_again_by_its_secret_alone(known, opened):
    secret = known.join(opened[0])
    assert (known.seat(secret).class_id, known.seat(secret).number) == (opened[0], 1)
    assert known.seat("") is None and known.seat(secret[:-1]) is None and known.desk(secret) is None


def test_the_forty_first_is_refused_in_a_sentence(known, opened):
    joined(known, opened[0], MAX_MEMBERS)
    with pytest.raises(ClassError, match="full: it has 40 members"):
        known.join(opened[0])
    assert len(known.look(opened[0]).members) == MAX_MEMBERS


def test_two_who_come_at_once_are_two(known, opened):
    threads = [threading.Thread(target=joined, args=(known, opened[0], 5)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    members = known.look(opened[0]).members
    assert [member.number for member in members] == list(range(1, 21)) and len({m.name for m in members}) == 20


def test_a_class_goes_its_way(known, opened):
    class_id, desk = opened
    one, other = joined(known, class_id, 2)
    desk.begin(NOISIER)
    one.answer(1, Phase.PREDICT, 16)
    one.answer(1, Phase.PREDICT, 8)  # in its place
    other.answer(1, Phase.PREDICT, 4)
    desk.move(Phase.PREDICT, Phase.DISCUSS)
    desk.move(Phase.DISCUSS, Phase.AGAIN)
    one.answer(1, Phase.AGAIN, 4)
    desk.move(Phase.AGAIN, Phase.MEASURE)
    desk.measure(1, "an-experiment")
    state = known.look(class_id)
    assert (state.phase, state.round.activity, state.round.experiment_id) == (Phase.MEASURE, NOISIER, "an-experiment")
    assert state.answers == {Phase.PREDICT: {1: 8, 2: 4}, Phase.AGAIN: {1: 4}}
    desk.begin(PREPARED[1])
    state = known.look(class_id)
    assert (state.phase, state.round.number, state.answers[Phase.PREDICT]) == (Phase.PREDICT, 2, {})
    assert [each.experiment_id for each in state.rounds] == ["an-experiment", ""]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase != Phase.PREDICT])
def test_an_answer_that_is_not_asked_for_is_refused(known, opened, phase):
    class_id, desk = opened
    [seat] = joined(known, class_id)
    desk.begin(NOISIER)
    desk.move(Phase.PREDICT, phase)
    with pytest.raises(ClassError, match="moved on"):
        seat.answer(1, Phase.PREDICT, 4)
    with pytest.raises(ClassError, match="moved on"):
        seat.answer(0, phase, 4)


@pytest.mark.parametrize("value", [0.5, 65, float("nan"), float("inf"), -1e300])
def test_an_answer_off_the_scale_is_refused(known, opened, value):
    [seat] = joined(known, opened[0])
    opened[1].begin(NOISIER)
    with pytest.raises(ValueError, match="from 1 to 64 times"):
        seat.answer(1, Phase.PREDICT, value)
    assert known.look(opened[0]).answers[Phase.PREDICT] == {}


@pytest.mark.parametrize("value", [-1, 3, 0.5, float("nan")])
def test_an_answer_that_is_no_option_is_refused(known, opened, value):
    [seat] = joined(known, opened[0])
    opened[1].begin(PREPARED[1])
    with pytest.raises(ValueError, match="one of 3 options"):
        seat.answer(1, Phase.PREDICT, value)


def test_of_two_desks_that_step_at_once_one_does(known, opened):
    class_id, desk = opened
    desk.begin(NOISIER)
    desk.move(Phase.PREDICT, Phase.DISCUSS)
    replace(desk).move(Phase.PREDICT, Phase.DISCUSS)  # it had not seen that yet
    desk.move(Phase.DISCUSS, Phase.DISCUSS.next)
    replace(desk).move(Phase.DISCUSS, Phase.DISCUSS.next)
    assert known.look(class_id).phase == Phase.AGAIN


def test_a_member_may_have_another_name_and_the_teacher_may_hide_it(known, opened):
    class_id, desk = opened
    one, other = joined(known, class_id, 2)
    one.rename("<b>Ada</b>")
    other.rename("x" * 10_000)
    desk.hide(1, True)
    members = known.look(class_id).members
    assert [(m.name, m.hidden) for m in members] == [("<b>Ada</b>", True), ("x" * 24, False)]
    desk.hide(1, False)
    assert not known.look(class_id).member(1).hidden
    with pytest.raises(ClassError, match="a letter or a figure"):
        one.rename("\u200b\u202e ")


def test_another_server_sees_the_same(known, opened, database):
    class_id, desk = opened
    there = Classes(Store(database.url).database)
    assert there.look(class_id) == known.look(class_id)
    desk.begin(NOISIER)
    time.sleep(FRESH_SECONDS)  # another server asks again after that
    assert there.look(class_id).phase == known.look(class_id).phase == Phase.PREDICT
    there.database.close()


def test_a_look_reads_the_class_only_where_it_has_changed(known, opened, monkeypatch):
    class_id, desk = opened
    first = known.look(class_id)
    monkeypatch.setattr(classes_module, "read_state", None)
    assert known.look(class_id) is first
    monkeypatch.undo()
    desk.begin(NOISIER)
    assert known.look(class_id).revision == first.revision + 1


def test_nothing_is_left_of_a_class_that_has_ended(known, opened, database):
    class_id, desk = opened
    other_code, _ = known.open()
    seats = joined(known, class_id, 2)
    joined(known, known.find(other_code))
    desk.begin(own("Which one?", ["this", "that"]))
    seats[0].rename("Ada")
    seats[0].answer(1, Phase.PREDICT, 1)
    desk.end()
    with database.begin() as db:
        kept = str([db.execute(sa.select(table)).all() for table in metadata.sorted_tables])
    assert class_id not in kept and "Ada" not in kept and "Which one?" not in kept
    assert known.look(class_id) is None and len(known.look(known.find(other_code)).members) == 1
    for act in (desk.end, lambda: known.join(class_id), lambda: seats[0].rename("Eve"), lambda: desk.begin(NOISIER)):
        with pytest.raises(ClassError, match="has ended"):
            act()


def test_a_class_ends_by_itself_after_a_day(known, opened, monkeypatch):
    class_id, _ = opened
    secret = known.join(class_id)
    code = known.look(class_id).code
    now = time.time()
    monkeypatch.setattr(classes_module.time, "time", lambda: now + classes_module.KEPT_SECONDS + 60)
    time.sleep(FRESH_SECONDS)
    assert known.find(code) is None and known.look(class_id) is None and known.seat(secret) is None
    with pytest.raises(ClassError, match="has ended"):
        known.join(class_id)
    known.forget_old()
    monkeypatch.undo()
    with known.database.begin() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(classes_module.members)) == 0


def test_a_code_that_another_class_has_is_not_given_twice(known, monkeypatch):
    code, _ = known.open()
    codes = iter([code, code, "ABCDE"])
    monkeypatch.setattr(classes_module, "new_code", lambda: next(codes))
    assert known.open()[0] == "ABCDE"


def test_too_many_classes_are_refused_in_a_sentence(known, monkeypatch):
    monkeypatch.setattr(classes_module, "MAX_CLASSES", 2)
    known.open()
    known.open()
    with pytest.raises(ClassError, match="2 classes are open"):
        known.open()
