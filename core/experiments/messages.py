"""What an experiment tells while it runs: each message is a frozen dataclass with a tag, its `kind`.

They travel, and are kept, as dictionaries of plain values (`to_dict`, `Kind.message`). A field `data` has bytes.
A number that is not finite travels as None, and is NaN again in a field of floats (`codec.py`).
Each kind of experiment has its own in `messages.py` in its folder; here are those that all may have.
"""

import base64
import json
import math
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Message:
    """The base of all: `class Losses(Message, kind="losses")`."""

    kind: ClassVar[str]

    def __init_subclass__(cls, kind: str = "", **options: Any):
        super().__init_subclass__(**options)
        if kind:
            cls.kind = kind


@dataclass(frozen=True)
class Versions:
    """What an experiment ran with."""

    batchscope: str  # a digest of the sources that what is measured depends on
    torch: str
    python: str


@dataclass(frozen=True, kw_only=True)
class Started(Message, kind="started"):
    """The first one. Most kinds say more in theirs."""

    vocab_size: int
    num_parameters: int
    versions: Versions | None = None  # None before December 2026


@dataclass(frozen=True)
class Progress(Message, kind="progress"):
    """How far the experiment is."""

    share: float  # 0 to 1
    doing: str  # what it does now, in words


def to_dict(message: Message) -> dict:
    """
    >>> to_dict(Progress(0.5, "step 3"))
    {'kind': 'progress', 'share': 0.5, 'doing': 'step 3'}
    """
    return {"kind": message.kind} | {field.name: plain(getattr(message, field.name)) for field in fields(message)}


def plain(value: Any) -> Any:
    """A value of a field as JSON has it, which knows no NaN and no infinity: None. Bytes stay; one of several words is
    a word like any other, for Dask's events know no enumerations.

    >>> plain((1.5, float("inf"), {"loss": float("nan")}))
    [1.5, None, {'loss': None}]
    """
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_line(values: dict) -> str:
    """As one line of JSON that every parser reads; bytes as a recording has them.

    >>> json_line({"kind": "step", "loss": float("nan"), "data": b"abc"})
    '{"kind": "step", "loss": null, "data": "YWJj"}'
    """
    return json.dumps(plain(values), allow_nan=False, default=lambda data: base64.b64encode(data).decode())
