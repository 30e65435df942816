"""What is known of an experiment, kept up to date from its messages. Each kind has its own `results.py`."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

Read = Callable[[int], tuple[list[dict], int]]
READ_AT_ONCE = 5_000  # messages


def read_all(read: Read, cursor: int, take: Callable[[dict], None]) -> int:
    """Hand over every message after `cursor`. Returns the number of the last one."""
    more = True
    while more:
        messages, cursor = read(cursor)
        for message in messages:
            take(message)
        more = len(messages) == READ_AT_ONCE
    return cursor


class Results(ABC):
    """All that is known of one experiment. `refresh` takes in what is new; safe for several viewers at once.

    read: gives the messages after a number, and the number of the last: `Store.read` of one experiment, say.
    """

    def __init__(self, read: Read):
        self.read = read
        self.lock = threading.Lock()
        self.cursor = 0
        self.started: dict | None = None
        self.share, self.doing = 0.0, "getting ready"

    def refresh(self) -> None:
        """Take in what is new in the store."""
        with self.lock:
            self.cursor = read_all(self.read, self.cursor, self._take)

    def _take(self, message: dict) -> None:
        match message["kind"]:
            case "started":
                self.started = message
            case "progress":
                self.share, self.doing = message["share"], message["doing"]
            case _:
                self.take_own(message)

    @abstractmethod
    def take_own(self, message: dict) -> None:
        """A message that only this kind of experiment has."""
