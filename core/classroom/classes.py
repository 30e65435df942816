"""Classes as they are kept. Whoever changes one does it through a `Desk`, with the teacher's secret, or a `Seat`, with
a member's own; all others can only look.

Every change first raises the class's revision, in the same transaction. So changes of one class come one after another,
on either kind of database and from whichever server, and who has seen a revision need not read on until it grows.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from core.classroom.activities import from_json, to_json
from core.classroom.activity import Activity
from core.classroom.made_up import MAX_NAME, hash_of, new_code, new_name, new_secret
from core.classroom.phase import Phase
from core.classroom.state import ClassState, read_state
from core.lab.database import Database, RefusedError
from core.lab.tables import answers, classes, members, rounds
from core.settings.limits import MAX_MEMBERS
from core.settings.line import one_line

KEPT_SECONDS = 24 * 3600  # then a class ends by itself
MAX_CLASSES = 200  # at a time, on one database
CODE_TRIES = 20
KEPT_STATES = 64  # in memory, of the classes looked at last
FRESH_SECONDS = 0.3  # that a revision counts as known: thirty pages ask as often as one

ENDED = "This class has ended."


class ClassError(ValueError):
    """What cannot be done in a class. A sentence for a reader."""


class Classes:
    """The classes in a database. Safe to use from several threads. All methods raise StoreError where it is away."""

    def __init__(self, database: Database):
        self.database = database
        self._states: OrderedDict[str, ClassState] = OrderedDict()
        self._revisions: dict[str, tuple[float, int | None]] = {}  # when it was read, and what it was
        self._lock = threading.Lock()

    def open(self) -> tuple[str, str]:
        """A new class: (its code, the teacher's secret). Raises ClassError where there are too many."""
        self.forget_old()
        secret = new_secret()
        for _ in range(CODE_TRIES):
            code = new_code()
            try:
                with self.database.begin() as db:
                    if number_of(db, sa.select(sa.func.count()).select_from(classes)) >= MAX_CLASSES:
                        raise ClassError(f"{MAX_CLASSES} classes are open on this server: try again later.")
                    new = {"id": new_secret(), "code": code, "teacher": hash_of(secret), "created_at": time.time()}
                    db.execute(sa.insert(classes).values(revision=1, phase=Phase.LOBBY, round=0, **new))
                return code, secret
            except RefusedError:  # another class has that code
                continue
        raise ClassError("No code is free: try again later.")

    def find(self, code: str) -> str | None:
        """The id of the class with that code."""
        with self.database.begin() as db:
            return db.scalar(sa.select(classes.c.id).where((classes.c.code == code) & ~is_old()))

    def desk(self, secret: str) -> "Desk | None":
        """Of the class whose teacher has that secret."""
        with self.database.begin() as db:
            mine = (classes.c.teacher == hash_of(secret)) & ~is_old()
            class_id = db.scalar(sa.select(classes.c.id).where(mine))
        return Desk(self, class_id) if class_id else None

    def seat(self, secret: str) -> "Seat | None":
        """Of the member who has that secret."""
        with self.database.begin() as db:
            both = members.join(classes, members.c.class_id == classes.c.id)
            mine = (members.c.secret == hash_of(secret)) & ~is_old()
            row = db.execute(sa.select(members.c.class_id, members.c.number).select_from(both).where(mine)).first()
        return Seat(self, row.class_id, row.number) if row else None

    def join(self, class_id: str) -> str:
        """A new member, with a name that was made up. Returns the member's secret. Raises ClassError where the class is
        full or has ended."""
        secret = new_secret()
        with self.change(class_id) as db:
            names = set(db.scalars(sa.select(members.c.name).where(members.c.class_id == class_id)))
            number = 1 + number_of(db, sa.select(sa.func.count()).where(members.c.class_id == class_id))
            if number > MAX_MEMBERS:
                raise ClassError(f"This class is full: it has {MAX_MEMBERS} members. You can still follow the board.")
            new = {"number": number, "secret": hash_of(secret), "name": new_name(names), "hidden": 0}
            db.execute(sa.insert(members).values(class_id=class_id, **new))
        return secret

    def revision(self, class_id: str) -> int | None:
        """Another one after each change; None once the class has ended. What a page asks that waits for something.
        What another server has changed is seen within FRESH_SECONDS."""
        with self._lock:
            read_at, revision = self._revisions.get(class_id, (-FRESH_SECONDS, None))
        now = time.monotonic()
        if now >= read_at + FRESH_SECONDS:
            with self.database.begin() as db:
                revision = db.scalar(sa.select(classes.c.revision).where((classes.c.id == class_id) & ~is_old()))
            with self._lock:
                if len(self._revisions) > KEPT_STATES:
                    self._revisions.clear()
                self._revisions[class_id] = now, revision
        return revision

    @contextmanager
    def change(self, class_id: str) -> Iterator[sa.Connection]:
        """A transaction that changes the class, alone until it ends. Raises ClassError where there is no such class."""
        try:
            with self.database.begin() as db:
                there = (classes.c.id == class_id) & ~is_old()
                if not db.execute(sa.update(classes).where(there).values(revision=classes.c.revision + 1)).rowcount:
                    raise ClassError(ENDED)
                yield db
        finally:
            with self._lock:
                self._revisions.pop(class_id, None)

    def look(self, class_id: str) -> ClassState | None:
        """The class as it is now; None once it has ended. Read anew only when it has changed."""
        revision = self.revision(class_id)
        with self._lock:
            if revision is None:
                self._states.pop(class_id, None)
                return None
            known = self._states.get(class_id)
        if known is None or known.revision < revision:
            with self.database.begin() as db:
                known = read_state(db, class_id)
            with self._lock:
                if known:
                    self._states[class_id] = known
                    self._states.move_to_end(class_id)
                while len(self._states) > KEPT_STATES:
                    self._states.popitem(last=False)
        return known

    def forget_old(self) -> None:
        """Delete the classes that were opened more than a day ago."""
        with self.database.begin() as db:
            for class_id in db.scalars(sa.select(classes.c.id).where(is_old())).all():
                delete_class(db, class_id)


@dataclass(frozen=True)
class Desk:
    """What the teacher of a class can do. All methods raise ClassError once it has ended."""

    known: Classes
    class_id: str

    def begin(self, activity: Activity) -> None:
        """The next round, at its first phase. Where one was on, it is over."""
        with self.known.change(self.class_id) as db:
            mine = rounds.c.class_id == self.class_id
            number = 1 + number_of(db, sa.select(sa.func.coalesce(sa.func.max(rounds.c.number), 0)).where(mine))
            values = {"number": number, "activity": to_json(activity), "experiment_id": ""}
            db.execute(sa.insert(rounds).values(class_id=self.class_id, **values))
            set_class(db, self.class_id, phase=Phase.PREDICT, round=number)

    def move(self, seen: Phase, to: Phase) -> None:
        """From the phase that the teacher sees to another one; nothing where another desk was faster."""
        with self.known.change(self.class_id) as db:
            if db.scalar(sa.select(classes.c.phase).where(classes.c.id == self.class_id)) == seen:
                set_class(db, self.class_id, phase=to)

    def measure(self, number: int, experiment_id: str) -> None:
        """This experiment measures that round."""
        with self.known.change(self.class_id) as db:
            mine = (rounds.c.class_id == self.class_id) & (rounds.c.number == number)
            db.execute(sa.update(rounds).where(mine).values(experiment_id=experiment_id))

    def hide(self, number: int, hidden: bool) -> None:
        """Whether that member's name and answers are kept from the board."""
        with self.known.change(self.class_id) as db:
            mine = (members.c.class_id == self.class_id) & (members.c.number == number)
            db.execute(sa.update(members).where(mine).values(hidden=int(hidden)))

    def end(self) -> None:
        """Delete the class, its members and all that they answered."""
        with self.known.change(self.class_id) as db:
            delete_class(db, self.class_id)


@dataclass(frozen=True)
class Seat:
    """What a member of a class can do. All methods raise ClassError once it has ended."""

    known: Classes
    class_id: str
    number: int

    def rename(self, text: str) -> None:
        """Another name. Raises ClassError where nothing of it can be shown."""
        name = one_line(text, MAX_NAME)
        if not name:
            raise ClassError("A name needs a letter or a figure.")
        with self.known.change(self.class_id) as db:
            mine = (members.c.class_id == self.class_id) & (members.c.number == self.number)
            db.execute(sa.update(members).where(mine).values(name=name))

    def answer(self, number: int, phase: Phase, value: float) -> None:
        """An answer in that round and phase, in place of an earlier one. Raises ClassError where it is not asked for
        any more, or cannot be one."""
        with self.known.change(self.class_id) as db:
            now = db.execute(sa.select(classes.c.phase, classes.c.round).where(classes.c.id == self.class_id)).one()
            if not phase.takes_answers or now != (phase, number):
                raise ClassError("The class has moved on: this answer came too late.")
            row = (rounds.c.class_id == self.class_id) & (rounds.c.number == number)
            from_json(db.execute(sa.select(rounds.c.activity).where(row)).scalar_one()).form.check(value)
            place = {"class_id": self.class_id, "round": number, "phase": phase, "member": self.number}
            db.execute(sa.delete(answers).where(*(answers.c[name] == at for name, at in place.items())))
            db.execute(sa.insert(answers).values(value=value, **place))


# ---- in a transaction


def number_of(db: sa.Connection, query: sa.Select) -> int:
    return db.execute(query).scalar_one()


def is_old() -> sa.ColumnElement[bool]:
    return classes.c.created_at < time.time() - KEPT_SECONDS


def set_class(db: sa.Connection, class_id: str, **values) -> None:
    db.execute(sa.update(classes).where(classes.c.id == class_id).values(**values))


def delete_class(db: sa.Connection, class_id: str) -> None:
    for table in (answers, members, rounds):
        db.execute(sa.delete(table).where(table.c.class_id == class_id))
    db.execute(sa.delete(classes).where(classes.c.id == class_id))
