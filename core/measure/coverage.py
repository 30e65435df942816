"""How often windows that start anywhere read each token of a text: what to expect, and where nothing was read.

A window of T inputs starts at one of N - T places, each as likely as another, every time anew. c_i of these places put
token i among the inputs: T of them for a token in the middle, fewer towards the ends, none for the last token, which is
only ever a target. After n windows, whatever their order,

    P(token i was read k times) = Binomial(n, c_i / (N - T)) at k        and so        P(never) = (1 - c_i / (N - T))^n.

In the middle, after one epoch's worth of windows, n = (N - 1) / T, that is near (1 - 1/n)^n, and so near 1/e = 36.8%.
Neighbours share windows, so tokens are not independent of each other; a mean over all of them needs no independence.

Shapes: N tokens, K bins.
"""

import numpy as np
from scipy.special import bdtr  # the binomial distribution, without scipy.stats


def places_that_read(num_tokens: int, block_size: int) -> np.ndarray:
    """c_i: how many of the N - T places a window may start at put token i among its inputs; (N,) int64.

    >>> places_that_read(num_tokens=7, block_size=3)
    array([1, 2, 3, 3, 2, 1, 0])
    """
    token = np.arange(num_tokens)
    return np.minimum(token, num_tokens - block_size - 1) - np.maximum(token - block_size + 1, 0) + 1


def expected_unseen(num_tokens: int, block_size: int, num_drawn: int) -> float:
    """The share of tokens that `num_drawn` random windows are expected to leave unread: the mean of P(never).

    >>> expected_unseen(num_tokens=4, block_size=2, num_drawn=1)  # c = 1, 2, 1, 0 of 2 places
    0.5
    """
    share, weight = shares_of_places(num_tokens, block_size)
    return float(weight @ (1 - share) ** num_drawn)


def expected_reads(num_tokens: int, block_size: int, num_drawn: int, edges: np.ndarray) -> np.ndarray:
    """The share of tokens that are expected to be read edges[j] to edges[j + 1] - 1 times: (K,) of edges (K + 1,).

    >>> expected_reads(num_tokens=4, block_size=2, num_drawn=1, edges=np.array([0, 1, 2]))
    array([0.5, 0.5])
    """
    share, weight = shares_of_places(num_tokens, block_size)
    below = [weight @ binomial_cdf(edge - 1, num_drawn, share) for edge in edges]
    return np.diff(below)


def binomial_cdf(k: int, n: int, p: np.ndarray) -> np.ndarray:
    """P(at most k of n), at the probabilities p."""
    if k < 0 or k >= n:
        return np.full(len(p), float(k >= n))
    return np.where(p >= 1, 0.0, bdtr(k, n, np.minimum(p, 1.0)))


def shares_of_places(num_tokens: int, block_size: int) -> tuple[np.ndarray, np.ndarray]:
    """(share, weight): the different values of c_i / (N - T), and the share of tokens that have each."""
    places, tokens = np.unique(places_that_read(num_tokens, block_size), return_counts=True)
    return places / (num_tokens - block_size), tokens / num_tokens


def unread_stretches(counts: np.ndarray, at_most: int) -> tuple[int, list[tuple[int, int]]]:
    """(how many there are, the longest of them in the order of the text): stretches of tokens that were never read, as
    (start, stop). counts: how often each token was read, (N,).

    >>> unread_stretches(np.array([0, 2, 0, 0, 1, 0, 0, 0]), at_most=2)
    (3, [(2, 4), (5, 8)])
    """
    edges = np.flatnonzero(np.diff(counts == 0, prepend=False, append=False)).reshape(-1, 2)
    longest = np.argsort(edges[:, 0] - edges[:, 1], kind="stable")[:at_most]
    return len(edges), [(int(start), int(stop)) for start, stop in edges[np.sort(longest)]]
