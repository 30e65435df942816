"""A text as token ids, the same as the app's tokenizers give it."""

import base64
import zlib

import numpy as np


def encode(text: str, tokenizer: str, tokens: list[str] | None, packed: str | None) -> tuple[np.ndarray, list[str]]:
    """(ids (N,) int64, how each of the V tokens is shown). A token is a character, a byte, or what BPE has learnt of
    this text: its ids stand ready, packed."""
    if tokenizer == "char":
        vocabulary = sorted(set(text))
        number = {character: i for i, character in enumerate(vocabulary)}
        return np.array([number[character] for character in text]), vocabulary
    if tokenizer == "byte":
        return np.frombuffer(text.encode("utf-8"), dtype=np.uint8).astype(np.int64), tokens
    return unpacked(packed), tokens


def unpacked(packed: str) -> np.ndarray:
    """Ids that were packed into a line: 32 bits each, little end first."""
    return np.frombuffer(zlib.decompress(base64.b64decode(packed)), dtype="<u4").astype(np.int64)


def text_in(data: bytes) -> str:
    """The text of a file as the race had it: without a byte order mark, with plain newlines."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    text = data.decode(encoding, errors="replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")
