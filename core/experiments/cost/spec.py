"""What a step costs at each batch size, and an accumulated one."""

from dataclasses import dataclass, replace
from typing import ClassVar

from core.experiments.kind import OnRace
from core.experiments.race.spec import RaceSpec
from core.measure.memory import Machine


@dataclass(frozen=True, kw_only=True)
class CostSpec(OnRace):
    """What an update costs at each of the race's batch sizes, in one go; and at the largest of them also in
    micro-batches, as large as each of the others that divides it."""

    kind: ClassVar[str] = "cost"

    race: RaceSpec

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        return tuple(sorted(self.race.train.batch_sizes))

    @property
    def largest(self) -> int:
        return self.batch_sizes[-1]

    @property
    def micro_batch_sizes(self) -> tuple[int, ...]:
        return tuple(b for b in self.batch_sizes if b < self.largest and self.largest % b == 0)

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for what cannot be measured, or not in the memory of that machine."""
        replace(self.race, train=self.race.train.unsplit()).check(machine)
