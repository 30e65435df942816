"""What a kind of experiment is made of: its folder has the data of one (`spec.py`), what runs it in a worker
(`run.py`), what it tells (`messages.py`), what is known of it after some messages (`results.py`), that as tables
(`tables.py`), and what pages offer of it (`offers.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar, Protocol

from core.experiments.codec import build
from core.experiments.messages import Message, Progress, Started
from core.experiments.tables import Tables
from core.experiments.version import versions
from core.measure.memory import Machine
from core.settings.values import Settings
from core.training import State

if TYPE_CHECKING:
    from core.experiments.race.spec import RaceSpec
    from core.experiments.results import Results


class Spec(Protocol):
    """An experiment as data: a frozen dataclass with all that is needed to run it again."""

    kind: ClassVar[str]  # the name of its folder

    @property
    def text(self) -> str:
        """What is trained on. It is in no repr, so that no log can hold it."""

    @property
    def race(self) -> RaceSpec:
        """The race that it is about: text, model and training plan."""

    @property
    def seeds(self) -> range:
        """Of all that is random in it."""

    @property
    def work(self) -> float:
        """What its time is about proportional to, among experiments of its kind."""

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for what cannot run, or not in the memory of that machine."""


class OnRace:
    """The text of an experiment that has a race; its seeds and its work where nothing else is said."""

    if TYPE_CHECKING:
        race: RaceSpec

    @property
    def text(self) -> str:
        return self.race.text

    @property
    def seeds(self) -> range:
        return self.race.train.seeds

    @property
    def work(self) -> float:
        return self.race.work


class Keeper(Protocol):
    """Keeps where an experiment stands, so that one that is cut off can go on from there."""

    def last(self) -> State | None:
        """Where it goes on from; None where it begins."""

    def offer(self, saved: Callable[[], State]) -> None:
        """It can be saved now; `saved` is called where it is time to."""


@dataclass(frozen=True)
class Offer:
    """An experiment that a page offers. Its name is that of the setting that holds the id of a visitor's own."""

    spec: type[Spec]
    noun: str  # what a sentence calls it
    of: Callable[[Settings, str], Spec]  # what the settings describe, with this text
    settings: tuple[str, ...]  # those that it is made from


@dataclass(frozen=True)
class Kind:
    """One kind of experiment. `KIND` in the folder's `__init__.py`; the folder's name stands in `registry.py`."""

    spec: type[Spec]
    results: type[Results]
    messages: tuple[type[Message], ...]  # besides those that all have
    offers: Mapping[str, Offer]  # by name
    tables: Tables  # its records and what it found, as tables
    goes_on: bool = False  # whether its `run` takes a keeper

    @property
    def name(self) -> str:
        return self.spec.kind

    @cached_property
    def tags(self) -> Mapping[str, type[Message]]:
        """Its messages by their tags."""
        every: tuple[type[Message], ...] = (Progress, Started, *self.messages)
        return {message.kind: message for message in every}

    def message(self, values: dict) -> Message:
        """A message from its dictionary, whose tag it knows."""
        return build(self.tags[values["kind"]], values)

    def run(self, spec: Spec, keeper: Keeper | None = None) -> Iterator[Message]:
        """Run an experiment: its messages as they come; the first is its "started", which says what it runs with. With
        a keeper, of a kind that goes on, from where that one has it; what was told before is not told again, but for
        the "started"."""
        module = self.load()
        for message in module.run(spec, keeper) if self.goes_on and keeper else module.run(spec):
            yield replace(message, versions=versions()) if isinstance(message, Started) else message

    def load(self) -> ModuleType:
        """The folder's `run.py`, and torch with it."""
        return import_module(f"core.experiments.{self.name}.run")
