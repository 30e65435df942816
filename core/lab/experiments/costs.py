"""What a step costs: of an accumulated batch, and at every batch size."""

import json
from dataclasses import dataclass, replace

from core.lab.experiments.limits import (
    MAX_BLOCK_SIZE,
    MAX_BUDGET,
    MAX_TIMED_FLOPS,
    MIN_BUDGET,
    VECTORISED,
    allowed_flops,
)
from core.lab.experiments.race import RaceSpec
from core.measure.memory import Machine


@dataclass(frozen=True, kw_only=True)
class CostSpec:
    """What an update costs at each of the race's batch sizes, in one go; and at the largest of them also in
    micro-batches, as large as each of the others that divides it."""

    race: RaceSpec

    @property
    def text(self) -> str:
        return self.race.text

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

    def settings(self) -> str:
        """All but the text, as JSON."""
        return json.dumps({"kind": "cost", "race": json.loads(self.race.settings())})

    @classmethod
    def from_settings(cls, settings: str, text: str) -> "CostSpec":
        return cls(race=RaceSpec.from_settings(json.dumps(json.loads(settings)["race"]), text))


@dataclass(frozen=True, kw_only=True)
class SpeedSpec:
    """What a step takes at every batch size from 1 to the race's one, by doubling: time and memory, the latter at some
    block sizes too; and the largest batch that fits into so many bytes."""

    race: RaceSpec
    budget_bytes: int

    @property
    def text(self) -> str:
        return self.race.text

    @property
    def largest(self) -> int:
        return self.race.train.batch_sizes[0]

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        return (*(2**k for k in range(self.largest.bit_length()) if 2**k < self.largest), self.largest)

    @property
    def together(self) -> int:
        """The batch size that is also taken one by one, and in micro-batches."""
        return max(b for b in self.batch_sizes if b <= VECTORISED)

    @property
    def micro_batch_sizes(self) -> tuple[int, ...]:
        return tuple(m for m in self.batch_sizes if self.together % m == 0)

    @property
    def block_sizes(self) -> tuple[int, ...]:
        """The race's, and some by halving and doubling, at which memory is counted."""
        T = self.race.block_size
        return tuple(sorted({t for t in (T // 4, T // 2, T, 2 * T, 4 * T) if 1 <= t <= MAX_BLOCK_SIZE}))

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for what cannot be measured. Memory ends the measurement, it does not
        forbid it: what fits is measured."""
        _, gpt_config = self.race.build()
        flops = 6 * gpt_config.num_parameters * self.largest * self.race.block_size
        if flops > allowed_flops(MAX_TIMED_FLOPS, machine.device(self.race.train.device)):
            raise ValueError(
                f"A step of {self.largest:,} windows of {self.race.block_size} tokens through "
                f"{gpt_config.num_parameters:,} parameters takes too long to be timed again and again: choose a "
                "smaller bound, block size or model."
            )
        if not MIN_BUDGET <= self.budget_bytes <= MAX_BUDGET:
            raise ValueError(f"The memory to fit into goes from {MIN_BUDGET:,} to {MAX_BUDGET:,} bytes.")

    def settings(self) -> str:
        """All but the text, as JSON."""
        values = {"race": json.loads(self.race.settings()), "budget_bytes": self.budget_bytes}
        return json.dumps({"kind": "speed", **values})

    @classmethod
    def from_settings(cls, settings: str, text: str) -> "SpeedSpec":
        values = json.loads(settings)
        race = RaceSpec.from_settings(json.dumps(values["race"]), text)
        return cls(race=race, budget_bytes=values["budget_bytes"])
