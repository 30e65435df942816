r"""
Made-up languages, of which we know exactly how well anyone can ever predict them.

A Markov language of order 1 is a set of bags, one for each symbol. To write, draw the next symbol from the
bag of the last one, put it back, and go on from there:

    bags    after "a" draw from "ab"      so  P = | 1/2 1/2 |   rows and columns in the order "ab"
            after "b" draw from "a"               |  1   0  |

How surprising is the next symbol on average, to a reader who knows the bags? That is the entropy rate

    H = - sum_i pi_i sum_j P_ij log P_ij       in nats a symbol

where pi_i is the share of symbol i in a long text, i.e. pi P = pi and sum pi = 1 (Cover and Thomas, Elements
of Information Theory, section 4.2). Here pi = (2/3, 1/3) and H = 2/3 log 2 = 0.462 nats. No model can have a
lower expected loss, and a model that learned the bags has this one: a line to draw under a loss curve. The
loss on a finite piece of N symbols scatters around that line by about 1/sqrt(N) nats.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class MarkovLanguage:
    """`transition[i, j]` is the probability that symbol j follows symbol i; shape (V, V), rows sum to 1."""

    symbols: str
    transition: np.ndarray = field(repr=False)

    def __post_init__(self):
        num = len(self.symbols)
        matrix = np.asarray(self.transition, dtype=np.float64)
        if num == 0 or len(set(self.symbols)) != num:
            raise ValueError("A language needs symbols, each of them once.")
        if matrix.shape != (num, num):
            raise ValueError(f"The transition matrix must be {num} by {num}, a row and a column a symbol.")
        if (matrix < 0).any() or not np.allclose(matrix.sum(axis=1), 1):
            raise ValueError("Each row of the transition matrix must hold probabilities that sum to 1.")
        if np.linalg.matrix_rank(matrix.T - np.eye(num)) != num - 1:
            raise ValueError("This language falls into parts that never meet: it has no single entropy rate.")
        object.__setattr__(self, "transition", matrix)

    @classmethod
    def from_bags(cls, bags: Mapping[str, str]) -> "MarkovLanguage":
        """
        symbol -> the bag its successor is drawn from; a letter that is in there twice is twice as likely.

        >>> MarkovLanguage.from_bags({"a": "ab", "b": "a"}).transition
        array([[0.5, 0.5],
               [1. , 0. ]])
        """
        symbols = "".join(bags)
        return cls(symbols, np.array([[bag.count(s) / len(bag) for s in symbols] for bag in bags.values()]))

    @cached_property
    def stationary(self) -> np.ndarray:  # (V,)
        """pi, the share of each symbol in a long text: the solution of (P^T - I) pi = 0 and sum pi = 1."""
        num = len(self.symbols)
        equations = np.vstack([self.transition.T - np.eye(num), np.ones(num)])  # (V + 1, V)
        return np.linalg.lstsq(equations, np.append(np.zeros(num), 1.0))[0]

    @cached_property
    def entropy_rate_nats(self) -> float:
        """H = - sum_i pi_i sum_j P_ij log P_ij, with 0 log 0 = 0."""
        log_p = np.log(self.transition, where=self.transition > 0, out=np.zeros_like(self.transition))
        return float(-self.stationary @ (self.transition * log_p).sum(axis=1))

    def losses(self, text: str) -> np.ndarray:
        """-log P of each symbol after the first, given the one before it, (len(text) - 1,) in nats: what a reader who
        knows the bags pays for this very text.

        >>> MarkovLanguage.from_bags({"a": "ab", "b": "a"}).losses("aba")
        array([0.69314718, 0.        ])
        """
        ids = np.array([self.symbols.index(s) for s in text])
        return -np.log(self.transition[ids[:-1], ids[1:]]) + 0.0

    def write(self, num_chars: int, seed: int) -> str:
        """`num_chars` symbols; the same seed writes the same text, and a longer one begins with it."""
        cumulative = np.vstack([self.stationary, self.transition]).clip(min=0).cumsum(axis=1)
        start, *rows = (cumulative / cumulative[:, -1:]).tolist()  # every row ends in exactly 1
        written, row = [], start  # the first symbol is drawn as if the text had begun long ago
        for u in np.random.Generator(np.random.Philox(seed)).random(num_chars).tolist():
            k = bisect_right(row, u)
            written.append(self.symbols[k])
            row = rows[k]
        return "".join(written)


# consonants lead to vowels, vowels to consonants or to the end of the word: "mor seluna ti kare"
LUMO = MarkovLanguage.from_bags(
    {
        " ": "kkklllmmmmssssttttppnv",
        "a": "lllmnnnnnrrrsst         ",
        "e": "llnnnnrrrrsst       ",
        "i": "llmnnnsssstt      ",
        "o": "llmnnrrrrrv    ",
        "u": "lmmnnnrs  ",
        "k": "aaaaaeeeioou",
        "l": "aaaaeeeiiiooouu ",
        "m": "aaaaaeeeoooui",
        "n": "aaaeeeiioottk       ",
        "p": "aaaaeeeiooorl",
        "r": "aaaaeeeeiiok     ",
        "s": "aaaeeeeiiittuu       ",
        "t": "aaaaaeeeeiioor",
        "v": "aaaeeeeeiio",
    }
)

# a clock that slips: the hours in their order, but one time in ten it jumps, to the third or the sixth hour from here
_HOURS = "abcdefghijkl"
TIKO = MarkovLanguage.from_bags(
    {hour: _HOURS[(k + 1) % 12] * 18 + _HOURS[(k + 3) % 12] + _HOURS[(k + 6) % 12] for k, hour in enumerate(_HOURS)}
)

# two moods that last about fifty letters each: calm, where every letter but one has a single follower; and wild, where
# any letter of the other half may come
_CALM, _WILD = "aeiou", "bdgklmnprstv"
SUO = MarkovLanguage.from_bags(
    {letter: _CALM[(k + 1) % 5] * 49 + "b" for k, letter in enumerate(_CALM)}
    | {letter: _WILD * 49 + "a" * 12 for letter in _WILD}
)
