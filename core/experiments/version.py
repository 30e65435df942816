"""Which code measures: what an earlier one has measured need not be what this one would."""

import platform
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from core.experiments.messages import Versions

ROOMS = ("batches", "corpus", "engine", "experiments", "measure", "model", "settings", "strategies", "training")


@cache
def code_version() -> bytes:
    """A digest of all sources that what is measured depends on."""
    written = blake2b(digest_size=16)
    for room in ROOMS:
        for file in sorted(Path(__file__).parents[1].joinpath(room).rglob("*.py")):
            written.update(file.read_bytes())
    return written.digest()


def versions() -> Versions:
    """What runs here, now."""
    return Versions(code_version().hex(), version("torch"), platform.python_version())
