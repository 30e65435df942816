r"""
Three ways to turn text into numbers and back. The same word, three times:

    char    "hé"  ->  [3, 4]             a token is a character, numbered in the sorted order of this text's
    byte    "hé"  ->  [104, 195, 169]    a token is a byte of UTF-8; the vocabulary is always 256
    bpe     "hé"  ->  [104, 300]         a token is a byte, or a pair of tokens that this text often repeats

All three share one small interface (`name`, `vocab_size`, `encode`, `decode`, `show`, `to_dict`), and lose
nothing: `decode(encode(s)) == s`. `char` refuses a character that its text did not have; the others take any
text.

Byte pair encoding is trained and run by the `tokenizers` library, in its plainest form. The library works on
characters and we want bytes, so every byte is handed over as the character of the same number (latin-1):

    "é"  ->  utf-8 bytes C3 A9  ->  the two characters "Ã" and "©"  ->  merged by the library to "Ã©"

That makes ids 0 to 255 the bytes themselves, and any token's bytes `token.encode("latin-1")`. There are no
special tokens. A tokenizer's repr never shows its vocabulary, since a vocabulary tells what the text was
about.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import ClassVar

import numpy as np

from core.corpus.text import visible

MAX_BPE_VOCAB = 512  # 256 bytes and at most 256 merges: small enough for a small GPT
_BPE_TRAIN_CHARS = 1_000_000  # merges are learned from the beginning of a longer text: quicker, little lost

# merges stay inside a piece: a word with the space before it, a number, some punctuation, or white space.
# the bound keeps one endless "word" (a line of DNA, a page of Chinese) from taking minutes
_PIECE = re.compile(r" ?[^\W\d_]{1,24}| ?\d{1,24}| ?(?:[^\w\s]|_){1,24}|\s{1,24}(?!\S)|\s")

Ids = Sequence[int] | np.ndarray


@dataclass(frozen=True)
class CharTokenizer:
    """
    One token a character. `characters` is the vocabulary: its k-th character is token k.

    >>> CharTokenizer.from_text("hello").encode("hello")  # vocabulary "ehlo"
    array([1, 0, 2, 2, 3])
    """

    characters: str = field(repr=False)
    name: ClassVar[str] = "char"

    @classmethod
    def from_text(cls, text: str) -> "CharTokenizer":
        return cls("".join(sorted(set(text))))

    @property
    def vocab_size(self) -> int:
        return len(self.characters)

    @cached_property
    def _codes(self) -> np.ndarray:  # (V,) code points, ascending
        return _code_points(self.characters)

    def encode(self, s: str) -> np.ndarray:  # (N,) int64
        codes = _code_points(s)
        ids = np.searchsorted(self._codes, codes).clip(max=self.vocab_size - 1)
        unknown = self._codes[ids] != codes
        if unknown.any():
            stranger = visible(chr(codes[unknown.argmax()]))
            raise ValueError(f"The character {stranger} is not in the vocabulary: the text never uses it.")
        return ids

    def decode(self, ids: Ids) -> str:
        return self._codes[_checked(ids, self.vocab_size)].tobytes().decode("utf-32-le", "surrogatepass")

    def show(self, token_id: int) -> str:
        return visible(self.decode([token_id]))

    def to_dict(self) -> dict:
        return {"name": self.name, "characters": self.characters}


@dataclass(frozen=True)
class ByteTokenizer:
    """
    One token a byte of UTF-8. Nothing is learned from the text.

    >>> ByteTokenizer().encode("é")
    array([195, 169])
    """

    name: ClassVar[str] = "byte"
    vocab_size: ClassVar[int] = 256

    @classmethod
    def from_text(cls, text: str) -> "ByteTokenizer":
        return cls()

    def encode(self, s: str) -> np.ndarray:  # (N,) int64
        return np.frombuffer(_utf8(s), dtype=np.uint8).astype(np.int64)

    def decode(self, ids: Ids) -> str:
        """The text; where the ids cut a character in two, its remains become U+FFFD."""
        return _checked(ids, 256).astype(np.uint8).tobytes().decode("utf-8", "replace")

    def show(self, token_id: int) -> str:
        return _show_bytes(bytes(_checked([token_id], 256).tolist()))

    def to_dict(self) -> dict:
        return {"name": self.name}


@dataclass(frozen=True)
class BPETokenizer:
    """
    Bytes, and then merges: `merges[k]` is the k-th pair of tokens to be joined, as latin-1 strings.

    >>> BPETokenizer((("a", "b"),)).encode("abba")  # "ab" is the first token after the 256 bytes
    array([256,  98,  97])
    """

    merges: tuple[tuple[str, str], ...] = field(repr=False)
    name: ClassVar[str] = "bpe"

    @classmethod
    def from_text(cls, text: str) -> "BPETokenizer":
        """Learn to merge the pair that occurs most, again and again, until none occurs twice."""
        from tokenizers import Tokenizer, models, trainers

        trainer = trainers.BpeTrainer(
            vocab_size=MAX_BPE_VOCAB,
            min_frequency=2,
            initial_alphabet=[chr(byte) for byte in range(256)],
            show_progress=False,
        )
        learner = Tokenizer(models.BPE())
        learner.train_from_iterator(map(_as_latin1, _PIECE.findall(text[:_BPE_TRAIN_CHARS])), trainer)
        merges = json.loads(learner.to_str())["model"]["merges"]
        return cls(tuple((left, right) for left, right in merges))

    @cached_property
    def _ids(self) -> dict[str, int]:
        ids = {chr(byte): byte for byte in range(256)}
        for left, right in self.merges:
            ids.setdefault(left + right, len(ids))  # a-bc and ab-c may both make abc: one token
        return ids

    @cached_property
    def _bytes(self) -> list[bytes]:  # V entries
        return [token.encode("latin-1") for token in self._ids]

    @cached_property
    def _merger(self):
        from tokenizers import Tokenizer, models

        return Tokenizer(models.BPE(vocab=self._ids, merges=list(self.merges)))

    @property
    def vocab_size(self) -> int:
        return len(self._ids)

    def encode(self, s: str) -> np.ndarray:  # (N,) int64
        _utf8(s)  # refuses what has no bytes
        pieces = _PIECE.findall(s)
        # a text repeats its words, so each distinct piece is merged once
        distinct = list(dict.fromkeys(pieces))
        merged = self._merger.encode_batch_fast([_as_latin1(piece) for piece in distinct])
        ids_of = {piece: encoding.ids for piece, encoding in zip(distinct, merged, strict=True)}
        return np.fromiter(chain.from_iterable(map(ids_of.__getitem__, pieces)), dtype=np.int64)

    def decode(self, ids: Ids) -> str:
        """The text; where the ids cut a character in two, its remains become U+FFFD."""
        return b"".join(self._bytes[k] for k in _checked(ids, self.vocab_size)).decode("utf-8", "replace")

    def show(self, token_id: int) -> str:
        return _show_bytes(self._bytes[_checked([token_id], self.vocab_size)[0]])

    def to_dict(self) -> dict:
        return {"name": self.name, "merges": [list(pair) for pair in self.merges]}


Tokenizer = CharTokenizer | ByteTokenizer | BPETokenizer

TOKENIZERS: dict[str, type[Tokenizer]] = {t.name: t for t in (CharTokenizer, ByteTokenizer, BPETokenizer)}


def tokenizer_from_dict(d: dict) -> Tokenizer:
    """
    The tokenizer that `to_dict` described, for example in another process or after a trip through JSON.

    >>> tokenizer_from_dict({"name": "char", "characters": "ab"}).decode([1, 0])
    'ba'
    """
    match d:
        case {"name": "char", "characters": characters}:
            return CharTokenizer(characters)
        case {"name": "byte"}:
            return ByteTokenizer()
        case {"name": "bpe", "merges": merges}:
            return BPETokenizer(tuple((left, right) for left, right in merges))
    raise ValueError("This does not describe a tokenizer: it needs a known name and its vocabulary.")


def _code_points(s: str) -> np.ndarray:  # (N,) uint32
    return np.frombuffer(s.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _utf8(s: str) -> bytes:
    try:
        return s.encode("utf-8")
    except UnicodeEncodeError as error:
        broken = visible(s[error.start])
    raise ValueError(f"The broken character {broken} has no bytes in UTF-8: run clean_text first.")


def _as_latin1(piece: str) -> str:
    """'é' -> 'Ã©': each byte of UTF-8 as the character of that number."""
    return piece if piece.isascii() else piece.encode("utf-8").decode("latin-1")


def _checked(ids: Ids, vocab_size: int) -> np.ndarray:  # (N,) int64
    ids = np.asarray(ids, dtype=np.int64)
    if ids.size and not 0 <= ids.min() <= ids.max() < vocab_size:
        raise ValueError(f"A token id must lie between 0 and {vocab_size - 1}.")
    return ids


def _show_bytes(data: bytes) -> str:
    """b' \xe2' -> '·⟨E2⟩': characters as they are, and bytes that spell none by their number."""
    # surrogateescape marks each such byte as the code point 0xDC00 + byte
    marked = data.decode("utf-8", "surrogateescape")
    return visible(re.sub("[\udc80-\udcff]", lambda m: f"⟨{ord(m[0]) - 0xDC00:02X}⟩", marked))
