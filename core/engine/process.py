"""The memory of a worker process: how much it may take, and how much it can still have.

A limit of its own makes a process be refused memory, which it can tell in a sentence and go on; without one, the
operating system ends it, or another one, when the machine has no more.
"""

import contextlib
import ctypes
import gc
import math

import psutil

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]


def limit_memory(num_bytes: int) -> None:
    """From now on refuse this process more than that. Where the system knows no such limits, nothing happens."""
    if resource:
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        if hard == resource.RLIM_INFINITY or num_bytes <= hard:
            resource.setrlimit(resource.RLIMIT_DATA, (num_bytes, hard))


def limit_growth(num_bytes: int) -> None:
    """From now on refuse this process more than it has now and so many bytes. What the system counts, all that a
    process has asked for, is more than it uses."""
    taken = psutil.Process().memory_info()
    limit_memory(getattr(taken, "data", taken.rss) + max(0, num_bytes))


def memory_limit() -> int | None:
    """Bytes that this process may take; None for any number."""
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0] if resource else None
    return None if resource is None or limit == resource.RLIM_INFINITY else limit


def give_back_memory() -> None:
    """What Python and the C library keep for their next use goes back to the system, where they can."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def left_by_limit() -> float:
    """Bytes that this process's own limit leaves; infinity without one."""
    if (limit := memory_limit()) is None:
        return math.inf
    taken = psutil.Process().memory_info()
    return max(0, limit - getattr(taken, "data", taken.rss))  # Linux tells what counts against the limit


def free_bytes() -> int:
    """Memory that this process can still have: what the machine has free, or what its own limit leaves."""
    return int(min(psutil.virtual_memory().available, left_by_limit()))
