"""Random draws from a text, in each of which something is counted. Nothing is trained."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from core.experiments.kind import OnRace
from core.experiments.race.spec import RaceSpec
from core.measure.memory import Machine
from core.settings.limits import MAX_MEMBERS


class Counted(StrEnum):
    """What is counted, in percent; as it is kept."""

    UNREAD = "unread"  # tokens that no window has among its inputs, of as many random windows as an epoch has
    PADDING = "padding"  # slots without a token, of random documents in a batch, each padded to the longest


@dataclass(frozen=True, kw_only=True)
class DrawsSpec(OnRace):
    """Draws with the seeds from the race's first on. Its text, block size and batch size count, its model does not."""

    kind: ClassVar[str] = "draws"

    race: RaceSpec
    counted: Counted
    num_draws: int

    @property
    def seeds(self) -> range:
        first = self.race.train.first_seed
        return range(first, first + self.num_draws)

    @property
    def work(self) -> float:
        """Tokens that are looked at."""
        return self.num_draws * len(self.text)

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for draws that cannot be."""
        self.race.build()
        if not 1 <= self.num_draws <= MAX_MEMBERS:
            raise ValueError(f"There can be 1 to {MAX_MEMBERS} draws, not {self.num_draws:,}.")
