"""What a worker reports of one training step, as plain data. No torch here: a page's process takes these in.

Shapes: B batch, T time, K the likeliest tokens.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Predictions:
    """A batch's losses token by token, and the likeliest next tokens in some of its rows."""

    loss: float  # of the batch as training takes it: the mean of the next
    losses: np.ndarray  # (B, T) float32, nats: -ln of the probability of the right token
    rows: np.ndarray  # (N,) int64, the rows that the next two are for
    top_ids: np.ndarray  # (N, T, K) int64, the likeliest first
    top_probabilities: np.ndarray  # (N, T, K) float32


@dataclass(frozen=True)
class OneWeight:
    """A single weight, and what each example wants of it."""

    index: int  # in its tensor, flattened
    parts: np.ndarray  # (B,) float32: g_i / B, which add up to the batch's gradient for this weight


@dataclass(frozen=True)
class GradientReport:
    """A batch's gradient beside those of its examples, before any clipping."""

    norm: float  # |G|
    layer_norms: dict[str, float]  # |G| restricted to a layer
    norms: np.ndarray  # (B,) float32: |g_i|
    cosines: np.ndarray  # (B,) float32: of g_i with G
    largest_difference: float  # between G and the mean of the g_i, as a share of |G|
    weights: dict[str, OneWeight]  # by tensor: the weight with the largest |gradient| in it


@dataclass(frozen=True)
class Update:
    """One optimizer's step from the same weights and the same clipped gradient."""

    moved: dict[str, float]  # |w_after - w_before|, by layer
    loss: float  # on the same batch, after the step; nats per token
    fresh_loss: float  # on the batch that comes next


@dataclass(frozen=True)
class UpdateReport:
    loss: float  # on the batch, before the step; nats per token
    fresh_loss: float  # on the batch that comes next, before the step
    norm: float  # of the gradient, before clipping
    clipped_to: float  # its norm after
    weight_norms: dict[str, float]  # |w| before, by layer
    adamw: Update
    sgd: Update


@dataclass(frozen=True)
class OneByOne:
    """The same batch's loss and gradient, in one go and one example at a time."""

    loss: float  # nats per token, in one go
    mean_loss: float  # the mean of the losses of the examples by themselves
    largest_difference: float  # between the two gradients, as a share of the gradient's norm
    together_seconds: tuple[float, ...]  # forward and backward, each time it was taken
    one_by_one_seconds: tuple[float, ...]
