"""What is at hand on a lesson's page."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.experiments.race.spec import RaceSpec
from core.model import GPTConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class DocumentsSpec:
    """Documents to be packed, as token ids; like a text, they are not part of the repr."""

    documents: tuple[np.ndarray, ...] = field(repr=False)  # (N,) int64 each
    tokens: tuple[str, ...] = field(repr=False)  # how each of the V tokens is shown
    gpt_config: GPTConfig  # its block size is the row length


@dataclass(frozen=True, kw_only=True, eq=False)
class LessonSpec:
    """A race, one batch of it that is looked at, and what the lesson itself measures: an experiment, documents, or
    nothing more."""

    race: RaceSpec
    batch_size: int
    step: int = 1  # whose batch it is, and whose update
    own: Any = None
