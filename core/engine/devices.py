"""The devices of this machine."""

import psutil
import torch


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
