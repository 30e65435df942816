"""Ways to put a large batch together from parts, and the mistakes that people make in it.

Read `accumulation.py` (parts one after the other), then `data_parallel.py` (parts in several processes). No torch here:
a page's process takes these in.
"""

import sys
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from core.batches.stream import uniform

# what an accumulation can get wrong
NO_DIVISION, MEAN_OF_MEANS, STEP_EACH = "no-division", "mean-of-means", "step-each"
CLIP_EACH, LOG_LAST = "clip-each", "log-last"
ACCUMULATION_MISTAKES = (NO_DIVISION, MEAN_OF_MEANS, STEP_EACH, CLIP_EACH, LOG_LAST)

# what data parallel can get wrong
SAME_SEED, SUMMED = "same-seed", "summed-loss"
PARALLEL_MISTAKES = (SAME_SEED, MEAN_OF_MEANS, SUMMED)

TARGETS = ("even", "uneven")  # target tokens of a window: all T, or 1 to T of them


@dataclass(frozen=True, kw_only=True)
class ParallelPlan:
    """How a global batch is put together, and what goes wrong."""

    micro_batch_size: int
    accumulation_steps: int
    num_steps: int
    targets: str = "even"  # of TARGETS
    mistake: str = ""  # of PARALLEL_MISTAKES, or none

    def batch_size(self, num_ranks: int) -> int:
        """Windows of one update: micro-batch x accumulation steps x ranks."""
        return self.micro_batch_size * self.accumulation_steps * num_ranks


def device_of_ranks(device: str, num_gpus: int, ranks_here: int) -> str:
    """Where the ranks on a machine train, "cuda" or "cpu", for the device that one run would have. A rank has a GPU to
    itself or none: NCCL, by which GPUs exchange their gradients, takes no two ranks on one. Apple's have no such
    exchange.

    >>> device_of_ranks("cuda", num_gpus=1, ranks_here=2), device_of_ranks("cuda", num_gpus=2, ranks_here=2)
    ('cpu', 'cuda')
    """
    return "cuda" if device == "cuda" and num_gpus >= ranks_here else "cpu"


def ranks_share_memory(devices: Collection[str]) -> bool:
    """Whether the ranks that we start are copies of one process that has loaded torch, and share its memory. Linux can
    copy a process; but one that has looked for a GPU and found one leaves its copies none.

    >>> ranks_share_memory(["cuda", "cpu"])
    False
    """
    return sys.platform == "linux" and set(devices) == {"cpu"}


def target_lengths(targets: str, seed: int, first: int, count: int, block_size: int) -> np.ndarray:
    """How many target tokens examples first, ..., first + count - 1 have: (count,) int64. "uneven": 1 to T, as answers
    of different lengths have; the windows' first targets count, the rest is as padding.

    >>> target_lengths("even", seed=0, first=0, count=2, block_size=8)
    array([8, 8])
    """
    if targets == "even":
        return np.full(count, block_size)
    return 1 + (uniform(seed, first, count) * block_size).astype(np.int64)


def token_weights(targets: list[int]) -> list[float]:
    """How much a token of each micro-batch counts in a mean of means, over what it should: 1/(K N_k) over 1/N.

    >>> short, long = token_weights([10, 100])
    >>> round(short, 3), round(long, 3), round(short / long, 3)
    (5.5, 0.55, 10.0)
    """
    return [sum(targets) / (len(targets) * n) for n in targets]
