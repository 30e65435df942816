"""The devices of this machine, and how many of its cores one operation takes."""

import psutil
import torch

from core.engine.cores import available_cores

# cores that are left to those who watch. Threads of one operation wait for each other; where one of them shares its
# core with a server or a browser, all do. Seen on two cores with a browser attached: two threads took 47 s of processor
# time for what one did in 25 s, and were not done sooner
LEFT_TO_VIEWERS = 1


def found_devices() -> list[str]:
    """The devices of this machine, fastest first."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [name for name, found in there.items() if found]


def find_device(name: str) -> torch.device:
    """The device of that name; "auto" is the fastest there is. Raises ValueError for one that this machine has not."""
    found = found_devices()
    if name not in ("auto", *found):
        raise ValueError(f"This machine has no device {name!r}; it has {', '.join(found)}.")
    return torch.device(found[0] if name == "auto" else name)


def gpu_bytes(device: torch.device) -> int:
    """The memory of a GPU, in all; one without its own has the processor's."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return psutil.virtual_memory().total


def usable_cores(leave: int = 0) -> int:
    """The whole cores that this process may use, minus `leave`; at least 1. A thread that has only part of a core would
    hold up the others."""
    return max(1, int(available_cores()) - leave)


def use_cores(leave: int = 0) -> None:
    """Let an operation of torch take that many threads from now on."""
    torch.set_num_threads(usable_cores(leave))
