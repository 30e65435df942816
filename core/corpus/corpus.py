r"""
A text becomes a corpus: token ids to train on, token ids to validate on, and the tokenizer that connects them
to the text.

    text     "the cat sat on the mat ... and that was that."
    ids      [19, 8, 5, 0, 3, 1, ...                 ... , 19]      one encoding of the whole text
             |------------- train_ids -------------|- val_ids -|    the end is held out

The end is held out, rather than random places, so that no validation window overlaps a training window. The
tokenizer sees the whole text, since a character that only occurs near the end needs an id as well.

What cannot serve is refused here, with one friendly sentence, before anything is trained. Those sentences and
the repr of a corpus never hold the text itself: it is somebody's, and errors are logged.
"""

import re
from dataclasses import dataclass, field

import numpy as np

from core.corpus.vocabulary import TOKENIZERS, Tokenizer


class NoText(ValueError):
    """There is nothing to read yet, which is no mistake of anyone's."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """`train_ids` and then `val_ids` are the whole text: int64, shapes (N_train,) and (N_val,)."""

    text: str = field(repr=False)
    tokenizer: Tokenizer
    train_ids: np.ndarray = field(repr=False)
    val_ids: np.ndarray = field(repr=False)


def build_corpus(text: str, tokenizer: str = "char", val_fraction: float = 0.1) -> Corpus:
    """
    The first int(N (1 - val_fraction)) of the N tokens train, the rest validate.

    `tokenizer` is "char", "byte" or "bpe". A `val_fraction` of 0 leaves `val_ids` empty; otherwise each part
    must have at least 2 tokens (one to read, one to predict). ValueError for text or settings that cannot
    serve.

    >>> corpus = build_corpus("hello hello", val_fraction=0.5)
    >>> corpus.train_ids  # "hello"; the vocabulary is " ehlo"
    array([2, 1, 3, 3, 4])
    >>> corpus.tokenizer.decode(corpus.val_ids)
    ' hello'
    """
    if tokenizer not in TOKENIZERS:
        raise ValueError(f"There is no such tokenizer: choose one of {', '.join(TOKENIZERS)}.")
    if not 0 <= val_fraction <= 0.5:
        raise ValueError("The share of the text kept for validation must lie between 0 and 0.5.")
    _check_text(text)

    fitted = TOKENIZERS[tokenizer].from_text(text)
    ids = fitted.encode(text)  # (N,)
    num_train = int(len(ids) * (1 - val_fraction))
    train_ids, val_ids = ids[:num_train], ids[num_train:]

    shortest = min(len(train_ids), len(val_ids)) if val_fraction else len(train_ids)
    if shortest < 2:
        split = (
            f", {len(train_ids):,} to train on and {len(val_ids):,} kept back for validation" if val_fraction else ""
        )
        each = "each part needs" if val_fraction else "it needs"
        raise ValueError(
            f"This text is too short: it has {len(ids):,} {_unit(fitted)}{split}, and {each} at least 2. Add some text."
        )
    return Corpus(text, fitted, train_ids, val_ids)


def check_block_size(corpus: Corpus, block_size: int, need_val: bool = True) -> None:
    """
    ValueError, saying what is missing, unless each part has room for one window of `block_size` tokens.

    A window needs block_size + 1 tokens: block_size to read, and one more as the last thing to predict.

    >>> check_block_size(build_corpus("hello hello", val_fraction=0.5), 5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: A window of 5 characters needs 6 of them: the training part has 5, 1 too few; use a shorter...
    """
    if block_size < 1:
        raise ValueError("A window must be at least 1 token long.")
    parts = {"training": corpus.train_ids} | ({"validation": corpus.val_ids} if need_val else {})
    short = [
        f"the {part} part has {len(ids):,}, {block_size + 1 - len(ids):,} too few"
        for part, ids in parts.items()
        if len(ids) <= block_size
    ]
    if short:
        raise ValueError(
            f"A window of {block_size:,} {_unit(corpus.tokenizer)} needs {block_size + 1:,} of them: "
            f"{', and '.join(short)}; use a shorter window or a longer text."
        )


def _check_text(text: str) -> None:
    if not text:
        raise NoText("There is no text yet: paste or upload one, or choose a sample.")
    if re.search("[\ud800-\udfff]", text):
        raise ValueError("This text holds broken characters (lone surrogates): run clean_text on it first.")
    if text == text[0] * len(text):
        raise ValueError("This text repeats one character, so there is nothing to learn: add some others.")


def _unit(tokenizer: Tokenizer) -> str:
    return "characters" if tokenizer.name == "char" else "tokens"
