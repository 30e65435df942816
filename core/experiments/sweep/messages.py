"""What a sweep tells: validation losses and nothing else, since what a race tells besides, the race page shows."""

from dataclasses import dataclass

from core.experiments import messages
from core.experiments.race import messages as race


@dataclass(frozen=True, kw_only=True)
class Started(messages.Started):
    device: str


@dataclass(frozen=True, kw_only=True)
class Validation(race.Validation):
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Diverged(race.Diverged):
    learning_rate: float


ALL = (Started, Validation, Diverged)
