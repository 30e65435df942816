"""A sweep over the learning rate."""

from dataclasses import dataclass, replace
from typing import ClassVar

from core.experiments.kind import OnRace
from core.experiments.race.spec import RaceSpec
from core.measure.memory import Machine
from core.settings.limits import MAX_RATES
from core.training import TrainConfig


@dataclass(frozen=True, kw_only=True)
class SweepSpec(OnRace):
    """A race at each of several learning rates. A rate holds at every batch size: the race's own rate and rule do not
    count."""

    kind: ClassVar[str] = "sweep"

    race: RaceSpec
    learning_rates: tuple[float, ...] = (5e-4, 1e-3, 2e-3, 4e-3, 8e-3)  # ascending

    @property
    def work(self) -> float:
        return len(self.learning_rates) * self.race.work

    def plan_at(self, learning_rate: float) -> TrainConfig:
        return replace(self.race.train, learning_rate=learning_rate, lr_rule="fixed")

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for a sweep that cannot run, or not in the memory of that machine."""
        if not 2 <= len(self.learning_rates) <= MAX_RATES:
            raise ValueError(f"Choose 2 to {MAX_RATES} learning rates to compare, not {len(self.learning_rates)}.")
        for rate in self.learning_rates:
            self.plan_at(rate)
        self.race.check(machine)
