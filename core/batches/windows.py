"""From token ids to a batch: cut windows, and split each into what the model reads and what it should say.

A window is T + 1 tokens in a row. Its first T are x, its last T are y: y[t] is the token that follows x[t], so one
window asks T questions at once. With T = 8 and the text "To be or not to be.":

    window   T o _ b e _ o r _        9 characters
    x        T o _ b e _ o r          the first 8
    y        o _ b e _ o r _          the last 8: one character on

Nothing here is random: which windows to take is said by `stream.py`. Numpy only, but a torch tensor is served too
and stays one, on its device.

Shapes: B batch, T block size (time), N tokens.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Batch:
    """B windows, cut into inputs and targets."""

    x: Any  # (B, T) int64, what the model reads
    y: Any  # (B, T) int64, the right answers: y[b, t] follows x[b, t]
    starts: Any  # (B,) int64, where each window begins in the text, in tokens


def num_windows(num_tokens: int, block_size: int) -> int:
    """How many different windows of T + 1 tokens N tokens hold: N - T, overlapping ones counted."""
    return max(0, num_tokens - block_size)


def all_windows(ids, block_size: int):
    """Every window there is, (N - T, T + 1), row i starting at token i. A view: no token is copied.

    >>> all_windows(np.array([3, 1, 4, 1, 5]), block_size=2)
    array([[3, 1, 4],
           [1, 4, 1],
           [4, 1, 5]])
    """
    if isinstance(ids, np.ndarray):
        return np.lib.stride_tricks.sliding_window_view(ids, block_size + 1)
    return ids.unfold(0, block_size + 1, 1)  # torch has the same view under another name


def split(windows) -> tuple:
    """Windows (..., T + 1) into inputs x and targets y, (..., T) each: y[t] is the token that follows x[t].

    >>> x, y = split(np.array([3, 1, 4, 1, 5]))
    >>> x.tolist(), y.tolist()
    ([3, 1, 4, 1], [1, 4, 1, 5])
    """
    return windows[..., :-1], windows[..., 1:]


def make_batch(ids, starts, *, block_size: int) -> Batch:
    """The windows of `ids` (N,) that begin at `starts` (B,), as x and y (B, T).

    Raises ValueError if a window would leave the text.

    >>> batch = make_batch(np.array([3, 1, 4, 1, 5]), np.array([0, 2]), block_size=2)
    >>> batch.x.tolist(), batch.y.tolist()
    ([[3, 1], [4, 1]], [[1, 4], [1, 5]])
    """
    last = num_windows(len(ids), block_size) - 1
    if len(starts) and (starts.min() < 0 or starts.max() > last):
        raise ValueError(
            f"A window must start between 0 and {last}, so that its {block_size + 1} tokens are in the text."
        )
    x, y = split(all_windows(ids, block_size)[starts])
    return Batch(x=x, y=y, starts=starts)


def spread_starts(num_tokens: int, block_size: int, count: int) -> np.ndarray:
    """Up to `count` starts (count,) spread evenly over N tokens, no two windows sharing a target; always the same."""
    num_blocks = (num_tokens - 1) // block_size
    return np.linspace(0, num_blocks - 1, min(count, num_blocks)).round().astype(np.int64) * block_size


def coverage(starts: np.ndarray, num_tokens: int, block_size: int) -> np.ndarray:
    """How often each token of the text has been read as input, (N,) int64, by the windows that begin at `starts`.

    >>> coverage(np.array([0, 1, 1]), num_tokens=6, block_size=2)
    array([1, 3, 2, 0, 0, 0])
    """
    opened = np.bincount(starts, minlength=num_tokens + 1)
    closed = np.bincount(starts + block_size, minlength=num_tokens + 1)
    return np.cumsum(opened - closed)[:num_tokens]
