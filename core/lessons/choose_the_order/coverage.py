"""What the first windows of an order have read of a text, as numbers.

Shapes: N tokens, K bins.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from core.batches import WindowStream
from core.measure.coverage import expected_unseen

MAX_BARS = 40
NUM_SEEDS = 10  # whose coverage is compared


@dataclass(frozen=True)
class Drawn:
    """The first windows of a stream, and how often they have read each token."""

    stream: WindowStream
    num_examples: int
    counts: np.ndarray  # (N,)

    @property
    def unseen(self) -> float:
        """The share of tokens that were never read."""
        return float((self.counts == 0).mean())

    @property
    def num_unseen(self) -> int:
        return int((self.counts == 0).sum())

    @property
    def epochs(self) -> float:
        """How many epochs' worth of windows that are."""
        return self.num_examples / self.stream.epoch_size


@dataclass(frozen=True)
class ExpectedUnseen:
    """The shares of tokens that random windows leave unread, in theory."""

    in_the_middle: float  # of the text, where T windows read each token
    everywhere: float
    of_a_long_text: float = math.exp(-1)  # after an epoch's worth


def expected_of(drawn: Drawn) -> ExpectedUnseen:
    """As many random windows as were drawn, from a text of that length."""
    N, T, n = drawn.stream.num_tokens, drawn.stream.block_size, drawn.num_examples
    return ExpectedUnseen(max(0.0, 1 - T / (N - T)) ** n, expected_unseen(N, T, n))


@lru_cache(maxsize=64)
def seen_by_seed(stream: WindowStream, num_examples: int) -> tuple[float, ...]:
    """The share of the text that each of some seeds, from the stream's on, has read after so many windows."""
    streams = [replace(stream, seed=stream.seed + more) for more in range(NUM_SEEDS)]
    return tuple(float((each.coverage(num_examples) > 0).mean()) for each in streams)


def bin_edges(lowest: int, highest: int) -> np.ndarray:
    """Whole edges (K + 1,) of at most 40 equally wide bins that hold all counts.

    >>> bin_edges(0, 3)
    array([0, 1, 2, 3, 4])
    """
    width = -(-(highest - lowest + 1) // MAX_BARS)
    return np.arange(lowest, highest + width + 1, width)


def read_table(order: str, counts: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    """times, start, end, share, order: a row a bin. counts: how often each token was read, (N,)."""
    shares = np.histogram(counts, edges)[0] / len(counts)
    middles = bin_middles(edges)
    half = 0.45 * (edges[1] - edges[0])
    return pd.DataFrame(
        {"times": middles, "start": middles - half, "end": middles + half, "share": shares, "order": order}
    )


def bin_middles(edges: np.ndarray) -> np.ndarray:
    """The mean count (K,) of each bin.

    >>> bin_middles(np.array([0, 2, 4]))
    array([0.5, 2.5])
    """
    return (edges[:-1] + edges[1:] - 1) / 2
