"""What a measurement of what a step costs tells. It begins with `Started`; a `Memory` comes for every batch size and
block size, a `Round` each time that all has been timed once."""

from dataclasses import dataclass

from core.experiments import messages
from core.experiments.messages import Message


@dataclass(frozen=True, kw_only=True)
class Started(messages.Started):
    """Where it runs, and what a step works on."""

    device: str  # "cpu", "cuda" or "mps"
    device_name: str
    num_threads: int  # of the processor
    flops_per_window: int  # of a step's matrix products, but for those inside attention


@dataclass(frozen=True)
class Memory(Message, kind="memory"):
    """What a step in one pass holds, in bytes."""

    batch_size: int
    block_size: int
    weights: int
    gradients: int
    optimizer: int
    activations: int  # what forward keeps for backward
    peak: int | None  # the most at once, beyond weights, gradients and optimizer; None where that cannot be told


@dataclass(frozen=True)
class NoMemory(Message, kind="no_memory"):
    """A batch of that size, and every larger one, did not fit; or was expected not to, and not tried."""

    batch_size: int
    tried: bool


@dataclass(frozen=True)
class Difference(Message, kind="difference"):
    """How far the gradient that micro-batches add up to lies from that of the batch in one pass."""

    micro_batch_size: int
    difference: float  # its norm, as a share of the norm of the latter


@dataclass(frozen=True)
class StepTime:
    """One update, timed."""

    batch_size: int
    micro_batch_size: int  # the batch size where it is taken in one pass
    seconds: float


@dataclass(frozen=True)
class Round(Message, kind="round"):
    """Every update timed once, in an order that changes; and the rate of a large matrix product at that time."""

    steps: tuple[StepTime, ...]
    flops_per_second: float | None = None  # by the library that a step uses; None where only updates were timed
    onednn_flops_per_second: float | None = None  # by torch's other library, where there is one


@dataclass(frozen=True)
class Largest(Message, kind="largest"):
    """The largest batch whose step fits the budget; bytes are all that the step holds."""

    batch_size: int | None = None  # None where none is known
    predicted: float | None = None  # what the line through smaller sizes says that it holds
    measured: int | None = None  # what it held when it was tried
    measured_next: int | None = None  # what a step of one window more held
    why_not: str = ""  # why it was not tried, or is not known


ALL = (Started, Memory, NoMemory, Difference, Round, Largest)
