"""A database that may be away: opened when it is first needed, opened again later where that failed.

Whatever goes wrong with it is a `StoreError`: one sentence that says what, why, and what to change. It holds no value
that was to be written.
"""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from core.lab.remote import LabError

RETRY_SECONDS = 3  # a database that could not be opened is left alone for so long
LOOK_SECONDS = 1  # how often to look whether the file is still the one that was opened
VARIABLE = "BATCHSCOPE_DATABASE_URL"
USUAL_FILE = Path(__file__).parents[2] / "batchscope.db"
OTHER = f"move it away, or set {VARIABLE} to another database"
SQLITE_REASONS = {
    sqlite3.SQLITE_BUSY: "another program has locked it: close that program, or try again",
    sqlite3.SQLITE_READONLY: "it is read-only: make the file and its folder writable",
    sqlite3.SQLITE_IOERR: "its disk reports an error: check the disk and the space on it",
    sqlite3.SQLITE_CORRUPT: f"it is damaged: {OTHER}",
    sqlite3.SQLITE_FULL: "its disk is full: free some space",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened: check that its folder exists and is writable",
    sqlite3.SQLITE_NOTADB: f"it is not an SQLite database: {OTHER}",
    sqlite3.SQLITE_ERROR: f"its tables are not those of Batchscope: {OTHER}",
}
POSTGRES_REASONS = {  # by the beginning of an SQLSTATE
    "25006": "it is read-only: set it to read and write",
    "42501": "its user may not do this: grant it the right to create tables",
    "42": f"its tables are not those of Batchscope: {OTHER}",
    "53": "its server has no more disk space, memory or connections",
    "57": "its server is being stopped or started: try again",
}

log = logging.getLogger("batchscope")


class StoreError(LabError):
    """The database cannot be used. A sentence for a reader."""


class RefusedError(StoreError):
    """The database works, but does not take this: to try again is of no use."""


class Database:
    """The database at `url` (SQLAlchemy's form). Safe to use from several threads; making it opens nothing.

    prepare: called with a connection, in a transaction of its own, when the database has been opened.
    """

    def __init__(self, url: str, prepare: Callable[[sa.Connection], None]):
        self.url, self.prepare = url, prepare
        self.note = ""  # that the file was replaced, once it was
        self._lock = threading.Lock()
        self._engine: sa.Engine | None = None
        self._inode: tuple | None = None  # of the file that was opened
        self._why = ""  # it could not be opened
        self._next_try = self._next_look = 0.0

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction. Raises StoreError."""
        engine = self._opened()
        try:
            with engine.begin() as db:
                yield db
        except sa.exc.SQLAlchemyError as error:
            self._next_look = 0.0
            refused = isinstance(error, sa.exc.DataError | sa.exc.IntegrityError)
            sentence = self._report(sentence_of(error, self.url))
            raise (RefusedError if refused else StoreError)(sentence) from None  # nothing of the parameters

    def close(self) -> None:
        with self._lock:
            if self._engine:
                self._engine.dispose()
            self._engine = None

    def _opened(self) -> sa.Engine:
        """The engine, of the file that is there now."""
        with self._lock:
            if self._engine and self._is_replaced():
                self.note = self._report(f"{name_of(self.url)} was deleted or replaced while this server ran.")
                self._engine.dispose()
                self._engine = None
            if self._engine is None:
                if time.monotonic() < self._next_try:
                    raise StoreError(self._why)
                try:
                    self._engine = open_engine(self.url, self.prepare)
                except StoreError as error:
                    self._why = self._report(str(error))
                    self._next_try = time.monotonic() + RETRY_SECONDS
                    raise
                self._inode, self._why = inode_of(self.url), ""
            return self._engine

    def _is_replaced(self) -> bool:
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + LOOK_SECONDS
        return inode_of(self.url) != self._inode

    def _report(self, sentence: str) -> str:
        """Log a sentence, unless it is the last one again."""
        if sentence != self._why:
            log.error(sentence)
        self._why = sentence
        return sentence


# ---- opening


def database_url() -> str:
    """The address of the database that this program uses."""
    return os.environ.get(VARIABLE) or f"sqlite:///{USUAL_FILE}"


def open_engine(url: str, prepare: Callable[[sa.Connection], None]) -> sa.Engine:
    try:
        engine = make_engine(url)
        file = file_of(url)
        if file:
            os.close(os.open(file, os.O_CREAT, 0o600))
        with engine.begin() as db:
            prepare(db)
        if file:
            make_private(file)  # it may be older; and only now is it certain to be ours
    except OSError as error:
        raise StoreError(f"{name_of(url)} cannot be opened: {error.strerror}. Check its folder and rights.") from None
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(sentence_of(error, url)) from None
    return engine


def make_engine(url: str) -> sa.Engine:
    parsed = parse(url)
    postgres = parsed.drivername == "postgresql+psycopg"
    try:
        engine = sa.create_engine(
            parsed,
            hide_parameters=True,  # an error must not show the text that was to be kept
            pool_pre_ping=postgres,  # a connection does not survive the server
            connect_args={"connect_timeout": 5} if postgres else {},
        )
    except ModuleNotFoundError as error:
        how = "-r requirements-postgres.txt" if postgres else error.name
        raise StoreError(f"The database's driver is missing: run pip install {how}.") from None
    except sa.exc.ArgumentError:  # no such kind of database
        raise not_an_address() from None
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", let_readers_and_a_writer_share)
    return engine


def parse(url: str) -> sa.URL:
    """With psycopg for PostgreSQL where no driver is named."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise not_an_address() from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError(f"{VARIABLE} names no file: write sqlite:////folder/file.db.")
    return parsed


def not_an_address() -> StoreError:
    forms = "sqlite:////folder/file.db or postgresql://user@host/name"
    return StoreError(f"{VARIABLE} is not the address of a database: write {forms}.")


def make_private(file: Path) -> None:
    """Texts are in it, so only its owner may read it. SQLite gives what it writes next to it the same rights."""
    for each in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        with contextlib.suppress(OSError):  # it is not there, or another's
            each.chmod(0o600)


def let_readers_and_a_writer_share(connection, _) -> None:
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def file_of(url: str) -> Path | None:
    """The file of an SQLite database; None for another kind, and for SQLite's own form of address."""
    parsed = parse(url)
    name = parsed.database or ""
    return Path(name) if parsed.get_backend_name() == "sqlite" and not name.startswith("file:") else None


def inode_of(url: str) -> tuple | None:
    """What tells a file from another one of the same name."""
    if file := file_of(url):
        with contextlib.suppress(OSError):
            found = file.stat()
            return found.st_dev, found.st_ino
    return None


# ---- sentences


def name_of(url: str) -> str:
    return f"The database {parse(url).database}"


def sentence_of(error: sa.exc.SQLAlchemyError, url: str) -> str:
    """What a reader is told of an error: no word of the driver's, which could be of the text."""
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error):
        why = SQLITE_REASONS.get(getattr(cause, "sqlite_errorcode", -1) & 0xFF)
    elif state := getattr(cause, "sqlstate", None):
        why = next((why for start, why in POSTGRES_REASONS.items() if state.startswith(start)), None)
    elif isinstance(error, sa.exc.OperationalError):
        why = f"it does not answer, or refuses its user: check that it runs, and its address in {VARIABLE}"
    else:
        why = None
    return f"{name_of(url)} cannot be used: {why or f'it reports an error ({type(error).__name__})'}."
