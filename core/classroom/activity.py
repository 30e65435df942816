"""An activity: a question that everyone answers, and the experiment that settles it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.experiments.kind import Spec
from core.measure.comparison import difference_of, ratio_of
from core.measure.estimate import Estimate
from core.settings.limits import MAX_TOKENS
from core.settings.values import Settings

MAX_OPTIONS = 6
MAX_QUESTION, MAX_OPTION = 200, 60  # characters


@dataclass(frozen=True)
class Scale:
    """An answer is a number."""

    low: float
    high: float
    step: float
    unit: str  # that follows the number: " times", " %"
    start: float  # where its widget stands at first
    log: bool = False  # whether its answers differ by factors rather than by amounts

    def check(self, value: float) -> None:
        """Raises ValueError for what is not on it."""
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise ValueError(f"An answer goes from {self.low:g} to {self.high:g}{self.unit}.")

    def shown(self, value: float) -> str:
        return f"{value:.3g}{self.unit.removesuffix('s') if value == 1 else self.unit}"


@dataclass(frozen=True)
class Options:
    """An answer is one of some sentences, kept as its place among them, from 0."""

    texts: tuple[str, ...]

    def check(self, value: float) -> None:
        """Raises ValueError for what is none of them."""
        if value not in range(len(self.texts)):
            raise ValueError(f"An answer is one of {len(self.texts)} options.")

    def shown(self, value: float) -> str:
        return self.texts[int(value)]


@dataclass(frozen=True)
class Settled:
    """What a measurement says to a question, so far."""

    values: np.ndarray = field(default_factory=lambda: np.empty(0))  # (R,), one a seed, say; NaN until it has ended
    estimate: Estimate | None = None  # over those that have ended; None for fewer than two
    option: int | None = None  # that the measurement speaks for; None for a scale, or where it is not resolved

    @property
    def num_ended(self) -> int:
        return int(np.isfinite(self.values).sum())


def mean_estimate(values: np.ndarray) -> Estimate:
    """The mean of the seeds' values and its 95% t interval."""
    return difference_of(values, np.zeros(len(values)))


def factor_estimate(values: np.ndarray) -> Estimate:
    """The geometric mean of the seeds' factors and its 95% t interval, of their logarithms."""
    return ratio_of(values, np.ones(len(values)))


@dataclass(frozen=True)
class Activity:
    """Prepared, or a teacher's own."""

    name: str  # of a prepared one; "own" for a teacher's
    title: str
    question: str
    form: Scale | Options
    minutes: int  # that it takes in class, measurement and discussion included
    page: str  # of the lesson that goes further
    why: tuple[str, str]  # two sentences
    settings: Mapping[str, Any]  # that differ from the usual ones
    experiment: Callable[[Settings, str, int], Spec]  # from those, a text, and how many members there are
    settle: Callable[[Any], Settled]  # from the results of its experiment
    each: str = "seed"  # what every value is of: a seed, a draw, a round
    estimate: Callable[[np.ndarray], Estimate] = mean_estimate  # of two values or more
    theory: float | None = None  # what a formula predicts of the quantity
    max_tokens: int = MAX_TOKENS  # of each run of a race

    @property
    def is_race(self) -> bool:
        return self.each == "seed"

    @property
    def is_shared_out(self) -> bool:
        """Whether each of the values is a member's own."""
        return self.each in ("seed", "draw")

    @property
    def measurement(self) -> str:
        """What it is measured by, as a sentence calls it."""
        return "race" if self.is_race else "measurement"
