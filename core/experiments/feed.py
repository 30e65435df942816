"""The results of an experiment, for all who look at it.

A feed takes in what is new when somebody looks; what it gives out is read-only, and the same object until a message
comes. So a viewer can neither hold up another nor change what another sees.
"""

import threading
import time
from collections import deque
from functools import partial

from core.experiments.kind import Spec
from core.experiments.registry import kind_of
from core.experiments.results import Read, Results, read_all

CHECKPOINT = "checkpoint"  # a record: all before it can be gone on from, by the checkpoint of that `name`
CONTINUED = "continued"  # a record: what came after the number `after` was withdrawn, and comes again
ENOUGH_TO_ESTIMATE = 0.05  # of an experiment
PACE_SECONDS = 30  # of progress that tell how long the rest will take


class Feed:
    """The results of one experiment, up to date whenever somebody looks. Safe for many viewers at once; what a look
    costs does not depend on how many there are.

    read: gives the messages after a number, and the number of the last: `Store.read` of one experiment, say.
    options: of its kind's results.
    """

    def __init__(self, read: Read, spec: Spec, **options):
        self.read, self.spec, self._kind = read, spec, kind_of(spec)
        self._new_results = partial(self._kind.results, spec, **options)
        self._results = self._new_results()
        self._snapshot = self._results.snapshot()
        self._cursor = 0
        self._lock = threading.Lock()
        self._pace: deque[tuple[float, float]] = deque()  # (when, share), at most one a second

    def look(self) -> Results:
        """What is known now."""
        with self._lock:
            before = self._cursor
            while not self._take_new():
                self._results, self._cursor = self._new_results(), 0
                self._pace.clear()
            if self._cursor != before:
                self._snapshot = self._results.snapshot()
            now = time.monotonic()
            if not self._pace or now >= self._pace[-1][0] + 1:
                self._pace.append((now, self._snapshot.share))
            while self._pace[0][0] < now - PACE_SECONDS:
                self._pace.popleft()
            return self._snapshot

    def _take_new(self) -> bool:
        """Take in what is new. False where some of what was taken has been withdrawn: then all is to be read again."""
        for messages, cursor in read_all(self.read, self._cursor):
            for values in messages:
                if values["kind"] == CONTINUED and values["after"] < self._cursor:
                    return False
                if values["kind"] in self._kind.tags:  # others are a former version's
                    self._results.take(self._kind.message(values))
            self._cursor = cursor
        return True

    def remaining_seconds(self) -> float | None:
        """From the progress of the last half minute; None while that is too little, or less than a twentieth is done:
        an experiment begins with what is slow but once."""
        with self._lock:
            if not self._pace:
                return None
            (began, first), (now, share) = self._pace[0], self._pace[-1]
        if share < ENOUGH_TO_ESTIMATE:
            return None
        return (1 - share) * (now - began) / (share - first) if share > first else None
