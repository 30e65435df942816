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


@dataclass(frozen=True)
class PartReport:
    """A micro-batch, or what one rank has of the batch."""

    num_windows: int
    num_targets: int
    loss: float  # nats per token, the mean over its own targets
    norm: float  # of the gradient of that loss
    cosine: float  # of it with the batch's gradient


@dataclass(frozen=True)
class MistakeReport:
    """What a mistake makes of the batch's gradient, and of the update that AdamW takes from it."""

    norm: float  # of the gradient that the optimizer gets; NaN where it gets several
    cosine: float  # of it with the right one
    difference: float  # |wrong - right| / |right|
    num_updates: int  # of the weights, from this one batch
    moved: float  # |weights after - weights before|
    update_difference: float  # |wrong move - right move| / |right move|


@dataclass(frozen=True)
class AccumulationReport:
    loss: float  # of the batch in one go, nats per token
    norm: float  # of its gradient
    layer_norms: dict[str, float]  # of its gradient restricted to a layer
    accumulated_layer_norms: dict[str, float]
    difference: float  # |accumulated - in one go| / |in one go|
    largest_difference: float  # of a single weight's gradient, as a share of the same norm
    moved: float  # by AdamW's update: |weights after - weights before|
    clip: float  # the norm that a gradient is clipped to; 0 for none
    parts: tuple[PartReport, ...]
    mistakes: dict[str, MistakeReport]  # by name, of core.strategies.ACCUMULATION_MISTAKES that spoil an update
    whole_spread: float  # of the losses of many such batches at these weights: their standard deviation, nats
    last_spread: float  # the same, where only the last micro-batch's loss is logged
    num_logged: int  # so many batches


@dataclass(frozen=True)
class Leak:
    """Two documents that share a row: the loss of the second, in nats per token, before and after every token of the
    first was replaced by another."""

    row: int
    first: int  # the documents' numbers
    second: int
    masked: float  # where attention stays within a document
    masked_after: float
    masked_moved: float  # the largest change of one token's loss
    unmasked: float  # where it looks at all before it in the row
    unmasked_after: float
    unmasked_moved: float


@dataclass(frozen=True)
class PackingReport:
    """What a model that was trained a little says of documents that share rows. Losses in nats per token."""

    num_steps: int  # that it was trained
    first_loss: float  # before, on the packed rows
    loss: float  # after
    num_documents: int  # that were held against themselves alone
    largest_difference: float  # of a logit, packed against alone
    largest_logit: float  # to compare it with
    running_difference: float  # the same with positions that run on through the row
    later_loss: float  # of the documents that are not first in their row; NaN where there are none
    later_running_loss: float  # the same with positions that run on
    later_unmasked_loss: float  # the same with attention that looks at all before it
    gradient_difference: float  # padded against packed, as a share of its length; NaN where they hold different tokens
    num_behind_cuts: int  # targets next behind a cut, where the documents are cut end to end
    with_context: float  # their loss where the document is whole
    without_context: float  # where it is cut
    leaks: tuple[Leak, ...]  # one for each row with two documents or more


@dataclass(frozen=True)
class StepTimes:
    """Updates from the same documents, padded and packed: (padded, packed) each."""

    device: str
    num_documents: int
    num_slots: tuple[int, int]
    num_tokens: tuple[int, int]  # of documents
    seconds: tuple[tuple[float, float], ...]  # one pair a round
