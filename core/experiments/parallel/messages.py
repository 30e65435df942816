"""What a data parallel training tells. W ranks."""

from dataclasses import dataclass

from core.experiments import messages
from core.experiments.messages import Message


@dataclass(frozen=True, kw_only=True)
class Started(messages.Started):
    num_ranks: int


@dataclass(frozen=True, kw_only=True)
class Ranks(Message, kind="ranks"):
    """Who takes which rows."""

    backend: str  # "gloo" or "nccl"
    num_ranks: int
    batch_size: int  # of all together
    rows: tuple[tuple[int, int], ...]  # (first, number) of each rank


@dataclass(frozen=True, kw_only=True)
class RankReport:
    """One rank's part of a step."""

    loss: float
    num_targets: int
    norm: float  # of its own gradient
    cosine: float  # of its own gradient with the average
    compute_seconds: float
    wait_seconds: float
    reduce_seconds: float


@dataclass(frozen=True, kw_only=True)
class Step(Message, kind="step"):
    """A step of all ranks, from 1."""

    step: int
    loss: float
    norm: float  # of the averaged gradient
    apart: float  # the largest difference between two ranks' weights after the update
    ranks: tuple[RankReport, ...]
    # of the first steps, the last, and some between
    whole_norm: float | None = None  # of the large batch's gradient
    difference: float | None = None  # |average - large batch's gradient| / |large batch's gradient|


ALL = (Started, Ranks, Step)
