"""Environment variables that the app reads. One that cannot be is named in a sentence, by a ValueError."""

import os
import re
from collections.abc import Mapping

from core.settings.limits import LEAST_WORKER_BYTES

WORKER_MEMORY = "BATCHSCOPE_WORKER_MEMORY"
UNITS = {
    "": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate(("", "k", "m", "g", "t"))},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate(("k", "m", "g", "t"), start=1)},
}


def worker_memory(environment: Mapping[str, str] = os.environ) -> float | int | None:
    """What the worker for experiments may take of this machine's memory: a share of it (float), or bytes (int); None
    where nothing is said.

    >>> worker_memory({}), worker_memory({"BATCHSCOPE_WORKER_MEMORY": "0.5"})
    (None, 0.5)
    >>> worker_memory({"BATCHSCOPE_WORKER_MEMORY": "2GB"})
    2000000000
    """
    given = environment.get(WORKER_MEMORY, "").strip()
    if not given:
        return None
    found = re.fullmatch(r"(\d{1,20}(?:\.\d{1,20})?) *([a-zA-Z]*)", given)
    if found and (unit := UNITS.get(found[2].lower())):
        value = float(found[1]) * unit
        if not found[2] and 0 < value <= 1:
            return value
        if value >= LEAST_WORKER_BYTES:
            return int(value)
    raise ValueError(
        f"{WORKER_MEMORY} cannot be “{given}”: it is a share of this machine's memory, above 0 and at most 1, or at "
        f"least {LEAST_WORKER_BYTES // 2**20} MiB, as in 2GB."
    )
