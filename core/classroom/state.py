"""A class as it is, for all who look at it."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from core.classroom.activities import from_json
from core.classroom.activity import Activity
from core.classroom.phase import Phase
from core.lab.tables import answers, classes, members, rounds


@dataclass(frozen=True)
class Member:
    number: int  # from 1, as they came
    name: str
    hidden: bool = False  # by the teacher: name and answers are not shown


@dataclass(frozen=True)
class Round:
    """One activity of a class."""

    number: int
    activity: Activity
    experiment_id: str = ""  # that measures it, once it was begun


@dataclass(frozen=True)
class ClassState:
    """A class as it is."""

    id: str
    code: str
    revision: int
    phase: Phase
    members: tuple[Member, ...]
    rounds: tuple[Round, ...]  # those that are over, and the one that is on
    answers: Mapping[Phase, Mapping[int, float]]  # of the round that is on: by phase, by member

    @property
    def round(self) -> Round | None:
        """The activity that is on; None in the lobby."""
        return None if self.phase == Phase.LOBBY else self.rounds[-1]

    def member(self, number: int) -> Member:
        return self.members[number - 1]


def read_state(db: sa.Connection, class_id: str) -> ClassState | None:
    """All of a class; None once it has ended."""
    row = db.execute(sa.select(classes).where(classes.c.id == class_id)).one_or_none()
    if row is None:
        return None

    def of(table: sa.Table, *order: sa.Column) -> sa.Select:
        return sa.select(table).where(table.c.class_id == class_id).order_by(*order)

    given: dict[Phase, dict[int, float]] = {phase: {} for phase in Phase if phase.takes_answers}
    for answer in db.execute(of(answers, answers.c.member).where(answers.c.round == row.round)):
        given[Phase(answer.phase)][answer.member] = answer.value
    return ClassState(
        id=row.id,
        code=row.code,
        revision=row.revision,
        phase=Phase(row.phase),
        members=tuple(Member(m.number, m.name, bool(m.hidden)) for m in db.execute(of(members, members.c.number))),
        rounds=tuple(
            Round(r.number, from_json(r.activity), r.experiment_id) for r in db.execute(of(rounds, rounds.c.number))
        ),
        answers=given,
    )
