"""The line of experiments, in the order in which they came; but one visitor's second goes behind another's first.

A visitor is any name that `is_there` knows. An experiment keeps its place, or goes on, while one of those who asked for
it, or look at it, is there.
"""

import statistics
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.experiments.kind import Spec

GONE_SECONDS = 30  # that nobody is there: an experiment leaves the line, or stops where others wait
LEASE_SECONDS = 600  # likewise, where nobody waits
PAUSE_SECONDS = 120  # a pause may last while others wait
MAX_TRIES = 5  # of an experiment whose worker dies before it has begun
END_SECONDS = 2  # that an experiment may take to leave the line once it was stopped
PACES = 8  # finished experiments of a kind that tell how long the next one takes


@dataclass(eq=False)
class Entry:
    """An experiment that waits or runs. Times are by `time.monotonic`."""

    id: str
    spec: Spec
    owners: list[str]  # the visitors who asked for it, the first one first
    tries: int = MAX_TRIES  # that are left
    future: Any = None  # of Dask, once it was handed over
    worker: str = ""  # where it runs, once it has begun
    began_at: float = 0.0
    paused_at: float | None = None
    paused_before: float = 0.0  # seconds
    viewers: set[str] = field(default_factory=set)  # who looks at it besides, by a link or after a reload
    seen_at: float = field(default_factory=time.monotonic)  # somebody was there
    unwanted: bool = False  # somebody stopped it
    checkpoint: str = ""  # from which it goes on; empty where it begins
    recorded_to: int = 0  # the number of the record that tells of it

    @property
    def begun(self) -> bool:
        return bool(self.worker)

    def begin(self, worker: str) -> None:
        self.worker, self.began_at = worker, time.monotonic()

    def wait_again(self) -> None:
        """It lost its worker, and is the first in line still."""
        self.future, self.worker = None, ""
        self.paused_at, self.paused_before = None, 0.0

    def pause(self) -> None:
        self.paused_at = self.paused_at or time.monotonic()

    def resume(self) -> None:
        self.paused_before += self.paused_for()
        self.paused_at = None

    def paused_for(self) -> float:
        """Seconds since it was paused, if it is."""
        return time.monotonic() - self.paused_at if self.paused_at else 0.0

    def running_for(self) -> float:
        """Seconds that it has worked."""
        return time.monotonic() - self.began_at - self.paused_before - self.paused_for() if self.begun else 0.0


class Line:
    """Entries by id; and how long experiments took of late. Safe for several threads."""

    def __init__(self, is_there: Callable[[str], bool]):
        self.is_there = is_there
        self.lock = threading.RLock()
        self.entries: dict[str, Entry] = {}  # as they came
        self._paces: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=PACES))  # seconds of work, by kind

    def put(self, entry: Entry) -> None:
        """At its end."""
        with self.lock:
            self.entries[entry.id] = entry

    def order(self) -> list[Entry]:
        """What was handed over, then who comes next. It counts as the turn of whoever asked for it first."""
        with self.lock:
            entries = list(self.entries.values())
        turns: Counter[str] = Counter()
        ranked = []
        for place, entry in enumerate(entries):
            owner = entry.owners[0]
            ranked.append((entry.future is None, turns[owner], place))
            turns[owner] += 1
        return [entries[place] for *_, place in sorted(ranked)]

    def waiting(self) -> list[Entry]:
        """Those that no worker was given yet, the next one first."""
        return [entry for entry in self.order() if entry.future is None]

    def join(self, spec: Spec, visitor: str) -> str | None:
        """The id of the same experiment, which this visitor wants too; None where it is not here."""
        with self.lock:
            for entry in self.entries.values():
                if entry.spec == spec:
                    entry.owners.append(visitor)
                    entry.seen_at = time.monotonic()
                    return entry.id
        return None

    def runs_here(self, experiment_id: str) -> bool:
        """Whether it waits or runs in this process."""
        return experiment_id in self.entries

    def wait_for_the_end(self, experiment_id: str) -> None:
        """A moment, until it has left the line."""
        until = time.monotonic() + END_SECONDS
        while self.runs_here(experiment_id) and time.monotonic() < until:
            time.sleep(0.02)

    def leave(self, experiment_id: str, visitor: str) -> None:
        """One of several who asked for it does not want it any more."""
        with self.lock:
            if entry := self.entries.get(experiment_id):
                entry.owners = [owner for owner in entry.owners if owner != visitor] or entry.owners

    def shared(self, experiment_id: str, visitor: str) -> bool:
        """Whether others who asked for it are there: then nobody may stop or pause it."""
        entry = self.entries.get(experiment_id)
        return entry is not None and any(owner != visitor and self.is_there(owner) for owner in entry.owners)

    # ---- who is there

    def renew_lease(self, experiment_id: str, visitor: str) -> None:
        """This visitor looks at it."""
        with self.lock:
            if entry := self.entries.get(experiment_id):
                entry.viewers.add(visitor)
                entry.seen_at = time.monotonic()

    def overdue(self) -> tuple[list[str], list[str]]:
        """(to stop, to resume): those that nobody has looked at for too long, and whose pause holds others up."""
        others_wait, now = bool(self.waiting()), time.monotonic()
        to_stop, to_resume = [], []
        patience = GONE_SECONDS if others_wait else LEASE_SECONDS
        for entry in self.order():
            if any(map(self.is_there, [*entry.owners, *entry.viewers.copy()])):
                entry.seen_at = now
            if now - entry.seen_at > patience:
                to_stop.append(entry.id)
            elif others_wait and entry.paused_for() > PAUSE_SECONDS:
                to_resume.append(entry.id)
        return to_stop, to_resume

    def resumes_in(self, experiment_id: str) -> float | None:
        """Seconds until a paused one goes on because others wait; None where none do."""
        entry = self.entries.get(experiment_id)
        return max(0.0, PAUSE_SECONDS - entry.paused_for()) if entry and self.waiting() else None

    # ---- how long

    def ahead(self, experiment_id: str) -> tuple[int, float | None]:
        """How many come before it, and about how many seconds they will take, where that is known."""
        order = self.order()
        place = next((place for place, entry in enumerate(order) if entry.id == experiment_id), 0)
        waits = [self.seconds_of(entry) for entry in order[:place]]
        known = [seconds for seconds in waits if seconds is not None]
        return place, sum(known) if len(known) == place else None

    def seconds_of(self, entry: Entry) -> float | None:
        """About how long it will still take, from the last ones of its kind here; None before there was one."""
        paces = self._paces.get(entry.spec.kind)
        if not paces:
            return None
        return max(0.0, statistics.median(paces) * entry.spec.work - entry.running_for())

    def learn(self, entry: Entry) -> None:
        """It came to its end, which tells how long its kind takes."""
        self._paces[entry.spec.kind].append(entry.running_for() / entry.spec.work)
