"""What a race of orders tells: for each order what a race tells of its batch size, and what was measured besides."""

from dataclasses import dataclass

from core.experiments import messages
from core.experiments.messages import Message
from core.experiments.race import messages as race


@dataclass(frozen=True, kw_only=True)
class Started(messages.Started):
    device: str
    train_tokens: int
    epoch_size: int  # windows


@dataclass(frozen=True, kw_only=True)
class Losses(race.Losses):
    order: str


@dataclass(frozen=True, kw_only=True)
class Validation(race.Validation):
    order: str


@dataclass(frozen=True, kw_only=True)
class Diverged(race.Diverged):
    order: str


@dataclass(frozen=True, kw_only=True)
class Noise(race.Noise):
    order: str


@dataclass(frozen=True, kw_only=True)
class BlockNoise(race.Noise, kind="waves"):
    """The noise of the means of `width` losses in a row."""

    order: str
    width: int


@dataclass(frozen=True, kw_only=True)
class EpochEnd(Message, kind="edge"):
    """Mean losses (R,) on either side of the end of the first epoch's worth, of `width` steps each; None once a run has
    diverged."""

    order: str
    width: int
    before: tuple[float | None, ...]
    after: tuple[float | None, ...]


ALL = (Started, Losses, Validation, Diverged, Noise, BlockNoise, EpochEnd)
