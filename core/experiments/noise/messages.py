"""What a measurement of noise tells, each at a step at which the weights are frozen."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.experiments import messages
from core.experiments.messages import Message
from core.measure import noise_scale
from core.measure.estimate import Estimate, Unresolved
from core.measure.intervals import FEWEST_DOF, Spread


@dataclass(frozen=True, kw_only=True)
class Started(messages.Started):
    device: str
    num_windows: int
    all_windows: bool  # of the text; otherwise some, evenly spread
    gradient_batches: int  # of each batch size
    loss_batches: int


@dataclass(frozen=True, kw_only=True)
class WholeText(Message, kind="whole"):
    """The text's loss, and the spread of the losses of its windows, in nats per token."""

    step: int
    loss: float
    sigma: float
    design_effect: float


@dataclass(frozen=True, kw_only=True)
class BatchSpread(Message, kind="noise"):
    """How far batches stray from the whole text: a `core.measure.intervals.Spread`; drawn with replacement."""

    step: int
    quantity: str  # "loss", in nats per token, or "gradient"
    batch_size: int
    sigma: float
    low: float
    high: float
    freedom: float  # degrees of freedom
    unresolved: str = ""  # why, where it is not: an `Unresolved`

    @classmethod
    def of(cls, spread: Spread, **more) -> Self:
        why = spread.unresolved or ""
        return cls(sigma=spread.value, low=spread.low, high=spread.high, freedom=spread.dof, unresolved=why, **more)

    @property
    def doubt(self) -> str:
        """Why it is not resolved; "" where it is. A former version gave an interval to all."""
        if self.unresolved or (self.freedom >= FEWEST_DOF and 0 < self.low <= self.sigma <= self.high < math.inf):
            return self.unresolved
        return Unresolved.RARE


@dataclass(frozen=True, kw_only=True)
class DistinctSpread(BatchSpread, kind="distinct"):
    """The same of the loss, drawn without replacement."""


@dataclass(frozen=True, kw_only=True)
class Slope(Message, kind="slope"):
    """d ln sigma / d ln B, with its 95% interval."""

    step: int
    quantity: str
    slope: float  # NaN, as the interval, where fewer than two spreads are resolved
    low: float
    high: float
    unresolved: str = ""  # why, where it is not: an `Unresolved`

    @classmethod
    def of(cls, slope: Estimate, **more) -> Self:
        return cls(slope=slope.value, low=slope.low, high=slope.high, **more)

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.slope, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class BatchLosses(Message, kind="batch_losses"):
    """The losses of some of the batches."""

    step: int
    batch_size: int
    data: bytes  # float32 (N,)

    @property
    def losses(self) -> np.ndarray:
        """(N,) float32"""
        return np.frombuffer(self.data, np.float32)


@dataclass(frozen=True, kw_only=True)
class BatchGradients(Message, kind="batch_gradients"):
    """Of some of the batches, the gradient's norm and its cosine with the whole text's."""

    step: int
    batch_size: int
    data: bytes  # float32 (N, 2)

    @property
    def norms(self) -> np.ndarray:
        """(N,) float32"""
        return np.frombuffer(self.data, np.float32)[::2]

    @property
    def cosines(self) -> np.ndarray:
        """(N,) float32"""
        return np.frombuffer(self.data, np.float32)[1::2]


@dataclass(frozen=True, kw_only=True)
class NoiseScale(Message, kind="noise_scale"):
    """A `core.measure.noise_scale.NoiseScale`, in windows, and |G|^2 of the whole text itself."""

    step: int
    grad_sq_norm: float
    trace_cov: float
    simple_noise_scale: float | None
    low: float | None
    high: float | None
    resolved: bool
    whole_grad_sq_norm: float
    unresolved: str = ""  # why, where it is not: an `Unresolved`

    @classmethod
    def of(cls, scale: noise_scale.NoiseScale, **more) -> Self:
        return cls(
            grad_sq_norm=scale.grad_sq_norm,
            trace_cov=scale.trace_cov,
            simple_noise_scale=scale.ratio,
            low=scale.estimate.low if scale.estimate else None,
            high=scale.estimate.high if scale.estimate else None,
            resolved=scale.estimate is not None,
            unresolved=scale.unresolved or "",
            **more,
        )

    @property
    def estimate(self) -> Estimate | None:
        """Of the noise scale, in windows; None where it is not resolved. A former version also took what is no more
        than rounding for resolved."""
        if self.simple_noise_scale is None or self.low is None or self.high is None:
            return None
        sound = self.simple_noise_scale > noise_scale.ROUNDING and 0 < self.low <= self.high < math.inf
        return Estimate(self.simple_noise_scale, self.low, self.high) if sound else None

    @property
    def doubt(self) -> str:
        """Why it is not resolved; "" where it is."""
        if self.estimate:
            return ""
        return self.unresolved or (Unresolved.ROUNDING if self.resolved else Unresolved.HIDDEN)


ALL = (Started, WholeText, BatchSpread, DistinctSpread, Slope, BatchLosses, BatchGradients, NoiseScale)
