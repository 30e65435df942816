"""Where experiments and all that they record are kept: one database, SQLite by default.

A record is kept as it came, with a number that only grows. A page asks for what is new since the last number it saw,
so a reload, a second tab or a restart of the server loses nothing. Ids cannot be guessed: who has one may see the race.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa

from core.experiments.feed import CHECKPOINT, CONTINUED
from core.experiments.results import READ_AT_ONCE
from core.lab.database import Database
from core.lab.migrations import migrate
from core.lab.servers import ThisServer
from core.lab.tables import experiments, records, servers

KEPT_SECONDS = 7 * 24 * 3600  # then an experiment is deleted, with its text
KEPT_EXPERIMENTS = 500
WITHDRAWN = "~"  # before the id of an experiment, at records that come again; numbers that were seen stay taken


class Status(StrEnum):
    """Where an experiment stands; as it is kept."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self in ACTIVE


ACTIVE = (Status.WAITING, Status.RUNNING, Status.PAUSED)


@dataclass(frozen=True)
class Listed:
    """An experiment in a list, without its text, which may be long."""

    id: str
    settings: str
    created_at: float  # seconds since 1970
    status: Status


@dataclass(frozen=True)
class Experiment:
    """An experiment as it is kept."""

    id: str
    settings: str
    text: str = field(repr=False)
    status: Status = Status.WAITING
    sentence: str = ""  # why it failed, if it did
    here: bool = True  # whether it is this server's, so that it can be paused and stopped from here

    @property
    def active(self) -> bool:
        return self.status.active


@dataclass(frozen=True)
class Records:
    """Messages of an experiment, as they are kept."""

    experiment_id: str
    rows: list[dict]

    @classmethod
    def of(cls, experiment_id: str, messages: list[dict]) -> "Records":
        """JSON, and bytes beside it."""
        rows = [
            {
                "experiment_id": experiment_id,
                "message": json.dumps({k: v for k, v in message.items() if k != "data"}),
                "data": message.get("data"),
            }
            for message in messages
        ]
        return cls(experiment_id, rows)

    @property
    def num_bytes(self) -> int:
        return sum(len(row["message"]) + len(row["data"] or b"") for row in self.rows)

    def write(self, db: sa.Connection) -> None:
        db.execute(sa.insert(records), self.rows)


@dataclass(frozen=True)
class NewStatus:
    """A new status of an experiment, unless it has ended: an end stands."""

    experiment_id: str
    status: Status
    sentence: str = ""
    num_bytes: ClassVar[int] = 0  # next to none

    def write(self, db: sa.Connection) -> None:
        mine = (experiments.c.id == self.experiment_id) & experiments.c.status.in_(ACTIVE)
        values = {"status": self.status, "sentence": self.sentence}
        db.execute(sa.update(experiments).where(mine).values(**values))


Change = Records | NewStatus


class Store:
    """Experiments and records in the database at `url` (SQLAlchemy's form). Safe to use from several threads.

    Nothing is opened before it is needed. While the database is away, all methods raise StoreError, with a sentence.
    """

    def __init__(self, url: str):
        self.database = Database(url, prepare=migrate)
        self.server = ThisServer()
        self._signing = threading.Lock()

    def check(self) -> None:
        """Raises StoreError, with a sentence, if the database cannot be used."""
        with self.database.begin() as db:
            db.execute(sa.select(1))

    def close(self) -> None:
        """Give back the connections; what is asked afterwards opens new ones."""
        self.database.close()

    def create(self, settings: str, text: str, digest: str = "") -> str:
        """A new experiment that waits for its turn. Returns its id."""
        self.still_here()
        new_id = made_up_id()
        number = sa.select(sa.func.coalesce(sa.func.max(experiments.c.number), 0) + 1).scalar_subquery()
        values = {"settings": settings, "text": text, "digest": digest or None, "server": self.server.id}
        with self.database.begin() as db:
            new = sa.insert(experiments).values(id=new_id, number=number, created_at=time.time(), **values)
            db.execute(new.values(status=Status.WAITING, sentence=""))
        return new_id

    def find(self, digest: str) -> str | None:
        """The id of the newest experiment with that digest that is done, or that a server still runs."""
        columns = (experiments.c.id, experiments.c.status, experiments.c.server)
        same = (experiments.c.digest == digest) & experiments.c.status.in_((*ACTIVE, Status.DONE))
        with self.database.begin() as db:
            for row in db.execute(sa.select(*columns).where(same).order_by(experiments.c.number.desc())).all():
                if row.status == Status.DONE or self.server.lives(db, row.server):
                    return row.id
        return None

    def checkpoints(self, experiment_id: str, at_most: int = 3) -> list[tuple[str, int]]:
        """(name, the number of the record that tells of it) of its checkpoints, the newest first."""
        mine = (records.c.experiment_id == experiment_id) & records.c.message.like(f'{{"kind": "{CHECKPOINT}"%')
        query = sa.select(records.c.number, records.c.message).where(mine)
        with self.database.begin() as db:
            rows = db.execute(query.order_by(records.c.number.desc()).limit(at_most)).all()
        return [(json.loads(row.message)["name"], row.number) for row in rows]

    def go_on(self, experiment_id: str, after: int, while_active: bool = False) -> bool:
        """It waits for its turn again, here, and what it has recorded after that number is withdrawn. False where it is
        done, or runs; with `while_active`, runs on another server."""
        self.still_here()
        with self.database.begin() as db:
            row = one(db, experiment_id, ("status", "server"))
            if row is None or row.status == Status.DONE:
                return False
            runs = self._as_seen(db, row.status, "", row.server)[0].active
            if runs and not (while_active and row.server == self.server.id):
                return False
            as_it_was = (experiments.c.status == row.status) & (experiments.c.server == row.server)
            now = {"status": Status.WAITING, "sentence": "", "server": self.server.id}
            mine = sa.update(experiments).where((experiments.c.id == experiment_id) & as_it_was)
            if not db.execute(mine.values(now)).rowcount:  # another was faster
                return False
            later = (records.c.experiment_id == experiment_id) & (records.c.number > after)
            db.execute(sa.update(records).where(later).values(experiment_id=WITHDRAWN + experiment_id))
            Records.of(experiment_id, [{"kind": CONTINUED, "after": after}]).write(db)
        return True

    def experiment(self, experiment_id: str) -> Experiment | None:
        """The experiment of that id. One that lost its server is interrupted."""
        names = ("id", "settings", "text", "status", "sentence", "server")
        with self.database.begin() as db:
            row = one(db, experiment_id, names)
            if row is None:
                return None
            now = self._as_seen(db, row.status, row.sentence, row.server)
            return Experiment(row.id, row.settings, row.text, *now, here=row.server == self.server.id)

    def recent(self, at_most: int = KEPT_EXPERIMENTS) -> list[Listed]:
        """The experiments that were made last, the newest first."""
        columns = (experiments.c[name] for name in ("id", "settings", "created_at", "status", "server"))
        query = sa.select(*columns).order_by(experiments.c.number.desc()).limit(at_most)
        with self.database.begin() as db:
            return [
                Listed(row.id, row.settings, row.created_at, self._as_seen(db, row.status, "", row.server)[0])
                for row in db.execute(query).all()
            ]

    def status(self, experiment_id: str) -> tuple[Status, str] | None:
        """(status, sentence): what a page that ticks asks for, without the text."""
        with self.database.begin() as db:
            row = one(db, experiment_id, ("status", "sentence", "server"))
            return row and self._as_seen(db, *row)

    def _as_seen(self, db: sa.Connection, status: str, sentence: str, server: str) -> tuple[Status, str]:
        """As of now: an active experiment whose server is gone was interrupted."""
        if status in ACTIVE and not self.server.lives(db, server):
            return Status.INTERRUPTED, "The server that ran this has stopped. What it had recorded is shown."
        return Status(status), sentence

    def set_status(self, experiment_id: str, status: Status, sentence: str = "") -> None:
        """A new status, unless the experiment has ended: an end stands."""
        self.write([NewStatus(experiment_id, status, sentence)])

    def still_here(self) -> None:
        """This server lives, and so do its experiments."""
        with self._signing, self.database.begin() as db:
            self.server.sign(db)

    def append(self, experiment_id: str, messages: list[dict]) -> None:
        self.write([Records.of(experiment_id, messages)])

    def write(self, changes: Iterable[Change]) -> None:
        """All of them, in their order, or none."""
        with self.database.begin() as db:
            for change in changes:
                change.write(db)

    def read(self, experiment_id: str, after: int = 0, at_most: int = READ_AT_ONCE) -> tuple[list[dict], int]:
        """The messages that came after that number, in order, and the number of the last one of them."""
        query = (
            sa.select(records.c.number, records.c.message, records.c.data)
            .where((records.c.experiment_id == experiment_id) & (records.c.number > after))
            .order_by(records.c.number)
            .limit(at_most)
        )
        with self.database.begin() as db:
            rows = db.execute(query).all()
        messages = [json.loads(r.message) | ({"data": r.data} if r.data is not None else {}) for r in rows]
        return messages, rows[-1].number if rows else after

    def unfinished(self) -> list[str]:
        """The ids of the experiments that are not done."""
        with self.database.begin() as db:
            return list(db.scalars(sa.select(experiments.c.id).where(experiments.c.status != Status.DONE)))

    def forget_old(self) -> None:
        """Delete experiments that were made more than a week ago, and the oldest where there are too many."""
        recent = sa.select(experiments.c.number).order_by(experiments.c.number.desc()).limit(KEPT_EXPERIMENTS)
        old = (experiments.c.created_at < time.time() - KEPT_SECONDS) | experiments.c.number.not_in(recent)
        with self.database.begin() as db:
            db.execute(sa.delete(experiments).where(old))
            db.execute(sa.delete(records).where(records.c.experiment_id.not_in(sa.select(experiments.c.id))))
            db.execute(sa.delete(servers).where(servers.c.seen_at < time.time() - KEPT_SECONDS))


def made_up_id() -> str:
    """One that cannot be guessed; in a shell it is no option, so it does not begin with a hyphen."""
    while (made_up := secrets.token_urlsafe(12)).startswith("-"):
        pass
    return made_up


def one(db: sa.Connection, experiment_id: str, names: tuple[str, ...]) -> sa.Row | None:
    """Some columns of an experiment."""
    query = sa.select(*(experiments.c[name] for name in names)).where(experiments.c.id == experiment_id)
    return db.execute(query).one_or_none()
