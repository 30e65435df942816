"""A measurement of noise at frozen weights."""

from dataclasses import dataclass, replace
from typing import ClassVar

from core.experiments.kind import OnRace
from core.experiments.race.spec import RaceSpec, check_memory
from core.measure.memory import Machine, race_bytes
from core.settings.limits import MAX_BATCH_SIZE, MAX_NOISE_BATCHES, MAX_NOISE_SIZES, MAX_TOKENS


@dataclass(frozen=True, kw_only=True)
class NoiseSpec(OnRace):
    """One measurement of noise at frozen weights: a run of a race (its text, model, seed and one batch size), the steps
    of it at which the weights are frozen, and the batches that are drawn there."""

    kind: ClassVar[str] = "noise"

    race: RaceSpec
    steps: tuple[int, ...] = (0, 150, 600)  # ascending
    batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128)  # ascending
    num_batches: int = 64  # of each size

    @property
    def work(self) -> float:
        """Windows that are drawn, beside which the training is short."""
        return len(self.steps) * self.num_batches * sum(self.batch_sizes) * self.race.block_size

    @classmethod
    def of(cls, race: RaceSpec, steps, batch_sizes, num_batches: int) -> "NoiseSpec":
        """With a budget that reaches the last step. The race's first batch size and first seed are trained."""
        steps, batch_sizes = tuple(sorted(set(steps))), tuple(sorted(set(batch_sizes)))
        first = race.train.batch_sizes[0]
        tokens = max(1, *steps) * first * race.block_size if steps else 1
        train = replace(race.train, batch_sizes=(first,), num_seeds=1, max_tokens=tokens)
        return cls(race=replace(race, train=train), steps=steps, batch_sizes=batch_sizes, num_batches=num_batches)

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for a measurement that cannot run, or not in that machine's memory."""
        for name, values, low, high in (
            ("step", self.steps, 0, MAX_TOKENS),
            ("batch size", self.batch_sizes, 1, MAX_BATCH_SIZE),
        ):
            if not 1 <= len(values) <= MAX_NOISE_SIZES:
                raise ValueError(f"Choose 1 to {MAX_NOISE_SIZES} {name}s to measure: these are {len(values)}.")
            if values[0] < low or values[-1] > high:
                raise ValueError(f"Every {name} must lie between {low} and {high:,}.")
        if not 2 <= self.num_batches <= MAX_NOISE_BATCHES:
            raise ValueError(f"2 to {MAX_NOISE_BATCHES:,} batches of each size can be drawn, not {self.num_batches:,}.")
        _, gpt_config = self.race.build()
        largest = replace(self.race.train, batch_sizes=(max(self.batch_sizes),)).unsplit()
        needed = race_bytes(gpt_config, largest, machine)
        check_memory("This measurement", needed, machine.memory_bytes(largest.device))
