"""What a step takes at every batch size, in time and memory."""

from dataclasses import dataclass
from typing import ClassVar

from core.experiments.kind import OnRace
from core.experiments.race.spec import RaceSpec
from core.measure.memory import Machine
from core.settings.limits import (
    MAX_BLOCK_SIZE,
    MAX_BUDGET,
    MAX_TIMED_FLOPS,
    MIN_BUDGET,
    VECTORISED,
    allowed_flops,
)


@dataclass(frozen=True, kw_only=True)
class SpeedSpec(OnRace):
    """What a step takes at every batch size from 1 to the race's one, by doubling: time and memory, the latter at some
    block sizes too; and the largest batch that fits into so many bytes."""

    kind: ClassVar[str] = "speed"

    race: RaceSpec
    budget_bytes: int

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
