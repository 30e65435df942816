"""What a race tells. Losses are in nats per token; R runs (seeds) share a batch size."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from core.experiments import messages
from core.experiments.messages import Message
from core.measure.estimate import Estimate
from core.measure.noise import NoiseEstimate
from core.training import ExecutionPlan


@dataclass(frozen=True, kw_only=True)
class Started(messages.Started):
    device: str
    train_tokens: int
    val_tokens: int
    # of a made-up language: the loss, on the validation windows, of one who knows it
    val_floor: float | None = None
    # how its runs are executed, in the order of its batch sizes
    executions: tuple[ExecutionPlan, ...] = field(default=(), metadata={"formerly": "ways"})


@dataclass(frozen=True, kw_only=True)
class Losses(Message, kind="losses"):
    """The training losses of some steps in a row."""

    batch_size: int
    step: int  # the first of them, from 1
    num_runs: int
    data: bytes  # float32 (steps, R); NaN once a run has diverged

    @property
    def losses(self) -> np.ndarray:
        """(steps, R) float32"""
        return np.frombuffer(self.data, dtype=np.float32).reshape(-1, self.num_runs)


@dataclass(frozen=True, kw_only=True)
class Validation(Message, kind="eval"):
    """Losses after a step, (R,); None once a run has diverged, and where another turn is its own."""

    batch_size: int
    step: int
    losses: tuple[float | None, ...]  # on text that no run trains on
    train_losses: tuple[float | None, ...] | None = None  # where asked for: on fixed windows of the training part

    def and_of(self, other: Self) -> Self:
        """With the losses of another turn's runs after the same step."""
        return replace(
            self,
            losses=known_of(self.losses, other.losses),
            train_losses=self.train_losses and known_of(self.train_losses, other.train_losses or ()),
        )


@dataclass(frozen=True, kw_only=True)
class Noise(Message, kind="noise"):
    """The noise of the loss so far, all runs pooled: a `core.measure.noise.NoiseEstimate`."""

    batch_size: int
    step: int
    sigma: float
    low: float
    high: float
    lag1: float
    num_differences: int
    fall: float = 0.0  # its drift

    @classmethod
    def of(cls, noise: NoiseEstimate, **more) -> Self:
        return cls(
            sigma=noise.value,
            low=noise.low,
            high=noise.high,
            lag1=noise.lag1,
            num_differences=noise.num_differences,
            fall=noise.drift,
            **more,
        )

    @property
    def estimate(self) -> Estimate:
        """Of sigma."""
        return Estimate(self.sigma, self.low, self.high)

    @property
    def resolved(self) -> bool:
        """A former version gave an interval also to a jump in a calm curve, that did not contain its sigma."""
        return 0 < self.low <= self.sigma <= self.high < math.inf


@dataclass(frozen=True, kw_only=True)
class StepTime(Message, kind="speed"):
    """What a step of one run alone takes."""

    batch_size: int
    step_seconds: float  # the median of the probes
    probes: tuple[float, ...] = ()  # one was kept until November 2026

    @property
    def known_probes(self) -> tuple[float, ...]:
        return self.probes or (self.step_seconds,)


@dataclass(frozen=True, kw_only=True)
class Written(Message, kind="text"):
    """What the first seed's model writes."""

    batch_size: int
    step: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Diverged(Message, kind="diverged"):
    batch_size: int
    seed: int
    step: int


@dataclass(frozen=True, kw_only=True)
class Summary(Message, kind="summary"):
    """A run at its end."""

    batch_size: int
    seed: int
    steps: int
    final_val_loss: float | None
    loss_noise: float | None
    tokens_per_second: float | None


def known_of(losses: Sequence[float | None], others: Sequence[float | None]) -> tuple[float | None, ...]:
    """
    >>> known_of((2.0, None), (None, None))
    (2.0, None)
    """
    return tuple(other if loss is None else loss for loss, other in zip(losses, others, strict=True))


ALL = (Started, Losses, Validation, Noise, StepTime, Written, Diverged, Summary)
