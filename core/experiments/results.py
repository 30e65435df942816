"""What is known of an experiment, from its messages. Each kind has its own `results.py`.

A `Feed` takes messages in, for all who look at an experiment; what it gives out is read-only, and the same object until
a message comes. So a viewer can neither hold up another nor change what another sees.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar

from core.experiments.kind import Spec
from core.experiments.messages import Message, Progress, to_dict

Read = Callable[[int], tuple[list[dict], int]]
READ_AT_ONCE = 5_000  # messages
PACE_SECONDS = 30  # of progress that tell how long the rest will take


class Snapshots:
    """Something that takes in messages, and gives read-only copies of itself."""

    read_only = False

    def snapshot(self) -> Self:
        """As it is now, and stays. Containers are copied, what they hold is not: messages and arrays never change."""
        copy = object.__new__(type(self))
        vars(copy).update({name: frozen(value) for name, value in vars(self).items()}, read_only=True)
        return copy

    def __setattr__(self, name: str, value: Any) -> None:
        if self.read_only:
            raise AttributeError(f"This snapshot is shared by all viewers: its {name!r} cannot be set.")
        super().__setattr__(name, value)


def frozen(value: Any) -> Any:
    """A container with all that it contains, down to messages, as one that cannot be changed.

    >>> frozen([1, [2]])
    (1, (2,))
    """
    if isinstance(value, Snapshots):
        return value.snapshot()
    if isinstance(value, dict) and "kind" not in value:
        return MappingProxyType({key: frozen(each) for key, each in value.items()})
    if isinstance(value, list):
        return tuple(frozen(each) for each in value)
    return value


class Results(Snapshots, ABC):
    """All that is known of one experiment so far."""

    def __init__(self, spec: Spec):
        self.spec = spec
        self.started: dict | Message | None = None
        self.progress = (0.0, "getting ready")

    @property
    def share(self) -> float:
        """How far it is, 0 to 1."""
        return self.progress[0]

    @property
    def doing(self) -> str:
        return self.progress[1]

    @property
    @abstractmethod
    def begun(self) -> bool:
        """Whether there is something to draw."""

    def take(self, message: dict | Message) -> None:
        """Take in a message."""
        if isinstance(message, Progress):
            message = to_dict(message)
        match message.kind if isinstance(message, Message) else message["kind"]:
            case "started":
                self.started = message
            case "progress":
                self.progress = message["share"], message["doing"]
            case _:
                self.take_own(message)

    @abstractmethod
    def take_own(self, message: dict | Message) -> None:
        """A message that only this kind of experiment has."""


R = TypeVar("R", bound=Results)


class Feed(Generic[R]):
    """The results of one experiment, up to date whenever somebody looks. Safe for many viewers at once; what a look
    costs does not depend on how many there are.

    read: gives the messages after a number, and the number of the last: `Store.read` of one experiment, say.
    results: of no message yet; it belongs to the feed from now on.
    message: makes of each message what the results take: `Kind.message`.
    """

    def __init__(self, read: Read, results: R, message: Callable[[dict], dict | Message] = dict):
        self.read = read
        self.message = message
        self._results = results
        self._snapshot: R = results.snapshot()
        self._cursor = 0
        self._lock = threading.Lock()
        self._pace: deque[tuple[float, float]] = deque()  # (when, share), at most one a second

    def look(self) -> R:
        """What is known now."""
        with self._lock:
            cursor = read_all(self.read, self._cursor, lambda values: self._results.take(self.message(values)))
            if cursor > self._cursor:
                self._cursor, self._snapshot = cursor, self._results.snapshot()
            now = time.monotonic()
            if not self._pace or now >= self._pace[-1][0] + 1:
                self._pace.append((now, self._snapshot.share))
            while self._pace[0][0] < now - PACE_SECONDS:
                self._pace.popleft()
            return self._snapshot

    def remaining_seconds(self) -> float | None:
        """From the progress of the last half minute; None while that is too little."""
        with self._lock:
            (began, first), (now, share) = self._pace[0], self._pace[-1]
        return (1 - share) * (now - began) / (share - first) if share > first else None


def read_all(read: Read, cursor: int, take: Callable[[dict], None]) -> int:
    """Hand over every message after `cursor`. Returns the number of the last one."""
    more = True
    while more:
        messages, cursor = read(cursor)
        for message in messages:
            take(message)
        more = len(messages) == READ_AT_ONCE
    return cursor
