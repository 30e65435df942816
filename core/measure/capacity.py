"""What a training step asks of its device: the most memory it holds at once, its operations, and how many of those the
device can do in a second when it does nothing but a large matrix product.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from core.engine import onednn
from core.training import Trainer

PRODUCT_SIZE = {"cpu": 1024, "cuda": 4096, "mps": 2048}  # rows and columns of the matrices
NO_MEMORY = (  # in torch's words, and in those of the libraries below it
    "allocate memory",
    "not enough memory",
    "out of memory",
    "bad_alloc",
    "ALLOC_FAILED",
    "can't start new thread",  # or torch's, below: its stack is memory too
    "Resource temporarily unavailable",
    "could not create a primitive",  # oneDNN, also where it finds no memory for one
)
PRODUCT_SECONDS, FEWEST_PRODUCTS = 0.05, 3


def peak_bytes(trainer: Trainer, windows: Tensor) -> int:
    """The most memory that one step on the windows (R, B, T + 1) holds at once, the windows among it, beyond weights,
    gradient and optimizer. Tensors only, to the byte: their memory as it is taken and given back, told by torch's
    profiler on a CPU; on a CUDA device by the allocator, as it was asked for, before it rounds up. The step is made."""
    device = trainer.stack.device
    if device.type == "cuda":
        nothing = torch.empty(0, device=device, requires_grad=True)
        nothing.backward(torch.empty_like(nothing))  # autograd's thread lets go of the step before when it takes this
        torch.cuda.reset_peak_memory_stats(device)  # the peak is now what is held now
        before = torch.cuda.memory_stats(device)["requested_bytes.all.peak"]
        trainer.step(windows)
        return torch.cuda.memory_stats(device)["requested_bytes.all.peak"] - before + windows.nbytes
    with no_stderr(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        trainer.step(windows)
    changes = [event for event in profiled.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for change in sorted(changes, key=lambda event: event.start_ns()):
        held += change.nbytes()
        peak = max(peak, held)
    return peak + windows.nbytes


@contextmanager
def no_stderr() -> Iterator[None]:
    """The profiler says on the standard error when it begins and when it ends, and cannot be told not to."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def step_flops(trainer: Trainer, windows: Tensor) -> int:
    """Multiplications and additions of the matrix products in one step on the windows (R, B, T + 1), forward and back,
    as torch counts them, but for those inside attention: it counts them on one device and not on another. The step is
    made."""
    with FlopCounterMode(display=False) as counter:
        trainer.step(windows)
    counts = counter.get_flop_counts()["Global"]
    return sum(count for operation, count in counts.items() if "attention" not in str(operation))


def product_flops_per_second(device: torch.device, product: Callable = torch.matmul) -> float:
    """What the device reaches in a product of two large float32 matrices: 2 n^3 operations, the median of some."""
    n = PRODUCT_SIZE[device.type]
    one, other = torch.rand(2, n, n, generator=torch.Generator().manual_seed(0)).to(device)
    product(one, other)[0, 0].item()  # warm
    seconds: list[float] = []
    until = time.perf_counter() + PRODUCT_SECONDS
    while time.perf_counter() < until or len(seconds) < FEWEST_PRODUCTS:
        began = time.perf_counter()
        product(one, other)[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - began)
    return 2 * n**3 / statistics.median(seconds)


def onednn_flops_per_second(device: torch.device) -> float | None:
    """The same by oneDNN, the other library that torch has for a CPU; None where it cannot be had."""
    return product_flops_per_second(device, onednn.product) if device.type == "cpu" and onednn.is_available() else None


def device_lost(error: BaseException) -> bool:
    """Whether it says that a GPU has failed: after such an error a process can make no more use of it."""
    return isinstance(error, torch.AcceleratorError) and not out_of_memory(error)


def out_of_memory(error: BaseException) -> bool:
    """Whether it says that memory does not suffice. But for CUDA torch says so with a plain RuntimeError, in words that
    differ from system to system."""
    told = isinstance(error, RuntimeError) and any(words in str(error) for words in NO_MEMORY)
    return told or isinstance(error, MemoryError | torch.OutOfMemoryError)
