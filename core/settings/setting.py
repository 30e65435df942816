"""A setting: a value that a visitor may choose, declared once. It is read from text, a URL's or a command line's.

Each form of value is a class. `read` raises `WrongValue` with the reason, in our words, for what the setting cannot be.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, TypeVar

from core.settings.line import one_line
from core.settings.old_names import OLD_NAMES

Real = TypeVar("Real", int, float)

MAX_CHARACTERS = 40  # of a number
QUOTED_CHARACTERS = 6  # of what was given, in a reason


class WrongValue(ValueError):
    """Why a text gives no value for a setting: the middle of a sentence."""


# ---- reading one number


def whole(text: str, low: float, high: float) -> int:
    return within(parsed(int, text, "a whole number"), low, high)


def number(text: str, low: float, high: float) -> float:
    return within(parsed(float, text, "a number"), low, high)


def parsed(kind: Callable[[str], Real], text: str, what: str) -> Real:
    if not text.strip():
        raise WrongValue("a value is missing")
    if len(text) > MAX_CHARACTERS:
        raise WrongValue("it is too long")
    try:
        return kind(text)
    except ValueError:
        raise WrongValue(f"{quoted(text)} is not {what}") from None


def within(value: Real, low: float, high: float) -> Real:
    if not low <= value <= high:  # also for nan
        lowest, highest = (f"{bound:,}" if isinstance(bound, int) else f"{bound:g}" for bound in (low, high))
        raise WrongValue(f"it goes from {lowest} to {highest}")
    return value


def quoted(text: str) -> str:
    """
    >>> quoted("abc"), quoted("32; drop table")
    ('“abc”', '“32; dr…”')
    """
    start = "".join(c if c.isprintable() else "·" for c in text[:QUOTED_CHARACTERS])
    return f"“{start}{'…' if len(text) > QUOTED_CHARACTERS else ''}”"


# ---- settings


@dataclass(frozen=True)
class Setting(ABC):
    """What all forms have. A class of one says how its values are read, written and shown."""

    name: str
    default: Any
    label: str  # on its widget, and in the help of its option
    _: KW_ONLY
    url: str = ""  # its name in a URL, where that is another
    option: str = ""  # its option's, where that is another

    form: ClassVar[str] = "TEXT"  # what the help of its option calls a value

    @property
    def url_name(self) -> str:
        return self.url or self.name

    @property
    def takes(self) -> str:
        return self.form

    @property
    def option_name(self) -> str:
        """
        >>> Whole("seed", 0, "First seed", low=0, high=9, option="first_seed").option_name
        '--first-seed'
        """
        return "--" + (self.option or self.name).replace("_", "-")

    @abstractmethod
    def read(self, text: str) -> Any:
        """The value that a text gives. Raises WrongValue."""

    def write(self, value: Any) -> str:
        """The text that gives the value."""
        return str(value)

    def shown(self, value: Any) -> str:
        """How a page shows the value."""
        return str(value)


@dataclass(frozen=True, kw_only=True)
class Whole(Setting):
    """A whole number within bounds."""

    low: int
    high: int
    step: int = 1  # of its widget's buttons

    form: ClassVar[str] = "N"

    def read(self, text: str) -> int:
        """
        >>> Whole("layers", 2, "Layers", low=1, high=12).read("4")
        4
        """
        return whole(text, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Number(Setting):
    """A number within bounds."""

    low: float
    high: float
    step: float | None = None

    form: ClassVar[str] = "X"

    def read(self, text: str) -> float:
        return number(text, self.low, self.high)


@dataclass(frozen=True)
class Choice(Setting):
    """One of some options: a collection of them, or a mapping that also says how a page shows each."""

    options: Collection

    @property
    def takes(self) -> str:
        return "|".join(str(option) for option in self.options if option != "")

    def read(self, text: str) -> Any:
        """
        >>> Choice("pace", 2, "A stage every", (1, 2, 4)).read("4")
        4
        """
        for option in self.options:
            if str(option) == text:
                return option
        raise WrongValue(f"it is one of {', '.join(str(option) for option in self.options if option != '')}")

    def shown(self, value: Any) -> str:
        return self.options[value] if isinstance(self.options, Mapping) else str(value)


@dataclass(frozen=True, kw_only=True)
class Several(Setting):
    """Numbers with commas between them; each once, ascending."""

    low: float
    high: float
    at_least: int = 1
    at_most: int
    usual: tuple[float, ...] = ()  # those that its widget offers

    def read(self, text: str) -> tuple[float, ...]:
        """
        >>> Wholes("batch_sizes", (4, 16), "Batch sizes", low=1, high=64, at_most=6).read("16, 4, 4")
        (4, 16)
        """
        parts = text.replace(";", ",").split(",") if text.strip() else []
        values = {self.read_one(part.strip()) for part in parts[: 2 * self.at_most + 8]}
        if not self.at_least <= len(values) <= self.at_most:
            raise WrongValue(f"there must be {self.at_least} to {self.at_most}")
        return tuple(sorted(values))

    @abstractmethod
    def read_one(self, text: str) -> float:
        """One of them. Raises WrongValue."""

    def write(self, value: Collection[float]) -> str:
        return ",".join(map(self.shown, value))

    def shown(self, value: float) -> str:
        """One of them."""
        return f"{value:.12g}"


@dataclass(frozen=True, kw_only=True)
class Wholes(Several):
    """Several whole numbers."""

    form: ClassVar[str] = "N,N,..."

    def read_one(self, text: str) -> int:
        return whole(text, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Numbers(Several):
    """Several numbers."""

    form: ClassVar[str] = "X,X,..."

    def read_one(self, text: str) -> float:
        return number(text, self.low, self.high)


@dataclass(frozen=True)
class Token(Setting):
    """What was made up for a visitor: the id of an experiment, a class's code. Empty where there is none."""

    default: str = ""
    label: str = ""

    def read(self, text: str) -> str:
        if not (len(text) <= 32 and all((c.isalnum() and c.isascii()) or c in "-_" for c in text)):
            raise WrongValue("an id has letters, digits, - and _ only")
        return text


@dataclass(frozen=True)
class LossPlace(Setting):
    """Where in a race a training loss is, "batch size.seed.step"; None for nowhere."""

    default: tuple[int, int, int] | None = None
    label: str = ""
    _: KW_ONLY
    high: tuple[int, int, int]  # of each; the least are 1, 0 and 1

    def read(self, text: str) -> tuple[int, int, int] | None:
        """
        >>> LossPlace("chosen_loss", high=(64, 9, 1000)).read("4.0.312")
        (4, 0, 312)
        """
        if not text:
            return None
        parts = text.split(".")
        if len(parts) != 3:
            raise WrongValue("it is a batch size, a seed and a step, with dots between them")
        batch_size, seed, step = (whole(*each) for each in zip(parts, (1, 0, 1), self.high, strict=True))
        return batch_size, seed, step

    def write(self, value: tuple[int, int, int] | None) -> str:
        return ".".join(map(str, value or ()))


@dataclass(frozen=True)
class Names(Setting):
    """Several settings by their names in a URL, former ones too, with commas between them. A name that is none is
    passed over: it may have been cut off, or be another version's."""

    default: tuple[str, ...]
    known: Mapping[str, str]  # the names that there are in a URL, and the settings' own

    def read(self, text: str) -> tuple[str, ...]:
        """
        >>> Names("lock", (), "Locked", {"T": "block_size", "lr": "learning_rate"}).read("lr,x,T,lr")
        ('block_size', 'learning_rate')
        """
        given = {OLD_NAMES.get(part.strip(), part.strip()) for part in text.split(",")}
        return tuple(name for url_name, name in self.known.items() if url_name in given)

    def write(self, value: Collection[str]) -> str:
        return ",".join(url_name for url_name, name in self.known.items() if name in value)


@dataclass(frozen=True, kw_only=True)
class Line(Setting):
    """A line that somebody wrote, to be shown as plain text."""

    at_most: int

    def read(self, text: str) -> str:
        """
        >>> Line("note", "", "Note", at_most=9).read(" Look \\n at \\x00B = 16")
        'Look at B'
        """
        return one_line(text, self.at_most)
