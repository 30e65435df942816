"""What a step costs at some batch sizes, in time and memory."""

from dataclasses import dataclass, replace
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

FEWEST_ROUNDS = 4  # of timing, before anything is said of them


@dataclass(frozen=True, kw_only=True)
class StepCostSpec(OnRace):
    """What a step of one run costs: its time and its memory at each batch size, in one pass; the time of one of these
    batches also in micro-batches, as large as each of the other sizes that divides it; the memory at other block sizes
    too; and the largest batch that fits into so many bytes. The race's own batch sizes and seeds do not count."""

    kind: ClassVar[str] = "step_cost"

    race: RaceSpec
    batch_sizes: tuple[int, ...]  # ascending
    split_size: int  # the one of them that is also taken in micro-batches
    block_sizes: tuple[int, ...] = ()  # ascending, the race's among them; at which memory is counted too
    budget_bytes: int | None = None  # that the largest batch has to fit into; None: it is not looked for

    @property
    def seeds(self) -> range:
        return self.race.train.seeds[:1]

    @property
    def work(self) -> float:
        return 1.0  # each size is timed for about as long

    @classmethod
    def of(cls, race: RaceSpec) -> "StepCostSpec":
        """At the race's batch sizes, of which the largest is split."""
        sizes = tuple(sorted(race.train.batch_sizes))
        return cls(race=race, batch_sizes=sizes, split_size=sizes[-1])

    @classmethod
    def by_doubling(cls, race: RaceSpec, budget_bytes: int) -> "StepCostSpec":
        """At every batch size from 1 to the race's one, and at some block sizes, by doubling."""
        (largest,), T = race.train.batch_sizes, race.block_size
        sizes = (*(2**k for k in range(largest.bit_length()) if 2**k < largest), largest)
        return cls(
            race=race,
            batch_sizes=sizes,
            split_size=max(b for b in sizes if b <= VECTORISED),
            block_sizes=tuple(sorted({t for t in (T // 4, T // 2, T, 2 * T, 4 * T) if 1 <= t <= MAX_BLOCK_SIZE})),
            budget_bytes=budget_bytes,
        )

    @property
    def micro_batch_sizes(self) -> tuple[int, ...]:
        """Ascending; less than the batch that is split."""
        return tuple(m for m in self.batch_sizes if m < self.split_size and self.split_size % m == 0)

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for what cannot be measured. Without a budget all has to fit into the
        memory of that machine; with one, memory ends the measurement and does not forbid it: what fits is measured."""
        largest = self.batch_sizes[-1]
        plan = replace(self.race.train, batch_sizes=(largest,), num_seeds=1).unsplit()
        alone = replace(self.race, train=plan)
        if self.budget_bytes is None:
            alone.check(machine)
            return
        _, gpt_config = alone.build()
        flops = 6 * gpt_config.num_parameters * largest * self.race.block_size
        if flops > allowed_flops(MAX_TIMED_FLOPS, machine.device(plan.device)):
            raise ValueError(
                f"A step of {largest:,} windows of {self.race.block_size} tokens through "
                f"{gpt_config.num_parameters:,} parameters takes too long to be timed again and again: choose a "
                "smaller bound, block size or model."
            )
        if not MIN_BUDGET <= self.budget_bytes <= MAX_BUDGET:
            raise ValueError(f"The memory to fit into goes from {MIN_BUDGET:,} to {MAX_BUDGET:,} bytes.")
