"""The order in which windows come: one endless stream of examples that any batch size can be cut from.

Example k of a stream is the same window whatever the batch size. So a run at B = 64 reads in one step the very 64
windows that a run at B = 4 reads in sixteen, and the two can be compared. Nothing is carried from one call to the
next: the randomness comes from Philox, a generator that can be asked for its k-th number directly
(Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.batches.windows import coverage, num_windows

ORDERS = ("random", "shuffled", "sequential")


@dataclass(frozen=True, kw_only=True)
class WindowStream:
    """An endless stream of windows of T + 1 tokens from a text of N tokens.

    order
        "random": each window starts anywhere, N - T places, drawn anew every time (with replacement).
        "sequential": the text cut into blocks of T, one after the other; after the last one, from the front again.
        "shuffled": the same blocks, each once in an epoch, in a new order every epoch (without replacement).

    Raises ValueError for an unknown order, and for a text that does not hold one window.
    """

    num_tokens: int
    block_size: int
    order: str = "random"
    seed: int = 0

    def __post_init__(self):
        if self.order not in ORDERS:
            raise ValueError(f"The order {self.order!r} is not known; it is one of {', '.join(ORDERS)}.")
        if self.block_size < 1:
            raise ValueError(f"The block size is {self.block_size}; it must be at least 1.")
        missing = self.block_size + 1 - self.num_tokens
        if missing > 0:
            raise ValueError(
                f"A window of block size {self.block_size} needs {self.block_size + 1} tokens "
                f"and there are {self.num_tokens}: {missing} more are needed."
            )

    @property
    def epoch_size(self) -> int:
        """Examples in an epoch: how many blocks of T the text is cut into (each needs one more token, for y)."""
        return (self.num_tokens - 1) // self.block_size

    def starts(self, *, first: int, count: int) -> np.ndarray:
        """Where examples first, ..., first + count - 1 begin in the text: (count,) int64.

        >>> WindowStream(num_tokens=10, block_size=3, order="sequential").starts(first=1, count=4)
        array([3, 6, 0, 3])
        """
        if self.order == "random":
            places = num_windows(self.num_tokens, self.block_size)
            return (uniform(self.seed, first, count) * places).astype(np.int64)
        epochs, blocks = np.divmod(np.arange(first, first + count), self.epoch_size)
        if self.order == "shuffled":
            for epoch in np.unique(epochs):
                now = epochs == epoch
                blocks[now] = epoch_order(self.seed, int(epoch), self.epoch_size)[blocks[now]]
        return blocks * self.block_size

    def coverage(self, count: int) -> np.ndarray:
        """How often the first `count` examples have read each token of the text: (N,) int64.

        >>> WindowStream(num_tokens=7, block_size=3, order="sequential").coverage(3)
        array([2, 2, 2, 1, 1, 1, 0])
        """
        epochs, rest = (0, count) if self.order == "random" else divmod(count, self.epoch_size)
        counts = coverage(self.starts(first=count - rest, count=rest), self.num_tokens, self.block_size)
        counts[: self.epoch_size * self.block_size] += epochs  # an epoch reads every block once
        return counts


def uniform(seed: int, first: int, count: int) -> np.ndarray:
    """Numbers first, ..., first + count - 1 of a seed's endless row of numbers in [0, 1): (count,) float64."""
    counter, skipped = divmod(first, 4)  # Philox makes four numbers of 64 bits for each value of its counter
    bits = np.random.Philox(key=seed, counter=counter).random_raw(skipped + count)[skipped:]
    return (bits >> np.uint64(11)) * 2.0**-53  # the upper 53 bits, as many as a float64 holds


@lru_cache(maxsize=8)
def epoch_order(seed: int, epoch: int, epoch_size: int) -> np.ndarray:
    """The blocks 0, ..., epoch_size - 1 in this epoch's order, the same for the same seed and epoch."""
    return np.random.Generator(np.random.Philox(key=[seed, epoch + 1])).permutation(epoch_size)
