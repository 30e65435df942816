"""What is known of an experiment, from its messages. Each kind has its own `results.py`.

They take messages in; what viewers share are read-only snapshots of them, which `feed.py` gives out.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, Self

from core.experiments.kind import Spec
from core.experiments.messages import Message, Progress, Started

Read = Callable[[int], tuple[list[dict], int]]
READ_AT_ONCE = 5_000  # messages


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
    if isinstance(value, dict):
        return MappingProxyType({key: frozen(each) for key, each in value.items()})
    if isinstance(value, list):
        return tuple(frozen(each) for each in value)
    return value


class Results(Snapshots, ABC):
    """All that is known of one experiment so far."""

    def __init__(self, spec: Spec):
        self.spec = spec
        self.started: Started | None = None
        self.progress = (0.0, "getting ready")

    @property
    def share(self) -> float:
        """How far it is, 0 to 1."""
        return self.progress[0]

    @property
    def doing(self) -> str:
        return self.progress[1]

    @property
    def device(self) -> str | None:
        """Where it computes: "cpu", "cuda" or "mps"; None where that was not recorded."""
        return getattr(self.started, "device", None)

    @property
    @abstractmethod
    def begun(self) -> bool:
        """Whether there is something to draw."""

    def take(self, message: Message) -> None:
        """Take in a message."""
        match message:
            case Progress():
                self.progress = message.share, message.doing
            case Started():
                self.started = message
            case _:
                self.take_own(message)

    @abstractmethod
    def take_own(self, message: Message) -> None:
        """A message that only this kind of experiment has."""


def read_all(read: Read, cursor: int) -> Iterator[tuple[list[dict], int]]:
    """Every message after `cursor`, some at a time, and the number of the last one of them."""
    more = True
    while more:
        messages, cursor = read(cursor)
        if messages:
            yield messages, cursor
        more = len(messages) == READ_AT_ONCE
