"""How much memory a race will take, before it starts.

Each run keeps its weights, its gradient and Adam's two moments for as long as the race goes on: 4 numbers a weight. The
runs that make a step have two more gradients while it is laid out. When a step is captured, as on a CUDA device, or on
a CPU where the model is small, there are two copies of the weights and moments, to put back and to hold against each
other. Activations, that backward needs, grow with the windows that go through the model at once (`window_bytes`). On a
CPU, before a race of a small model begins, plans to execute it are tried on some more copies. On a CUDA device the
graphs of all batch sizes lie in the memory of the largest one's step; beside it a step of the next one is made before
it is captured.

It is an upper estimate of the peak, not a measurement. Nothing in it grows with the number of steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.engine.plans import MAX_PASS, MAX_SMALL_MODEL, gpu_execution, is_small_step, window_bytes
from core.model.config import GPTConfig
from core.training.config import TrainConfig

BYTES_PER_NUMBER = 4  # float32
KEPT, PASSING, COPIED = 4, 2, 6  # numbers a weight: of every run, and of those that make a step, or capture it
TRIED_PLANS = 3
NO_END = 2**40  # windows
THREAD_BYTES = 96 * 2**20  # that the C library keeps for each thread that works beside the first
CUDA_BYTES = 2**29  # that CUDA's libraries and products in parts work in, and what the allocator leaves unused


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What experiments run on."""

    devices: Mapping[str, int]  # its kinds, fastest first: the bytes of memory that are available on one of them
    num_gpus: int = 0  # with CUDA
    gpu_bytes: int = 0  # the memory of one GPU, in all; 0 without one, or where every race names its execution
    num_threads: int = 1  # of its processor that training may use

    def device(self, name: str) -> str:
        """The device that a plan's name stands for there: "auto" is the fastest. Raises ValueError for one that it has
        not."""
        if name not in ("auto", *self.devices):
            raise ValueError(f"This machine has no device {name!r}; it has {', '.join(self.devices)}.")
        return next(iter(self.devices)) if name == "auto" else name

    def memory_bytes(self, name: str) -> int:
        """The memory that is available on that device."""
        return self.devices[self.device(name)]


def race_bytes(gpt_config: GPTConfig, config: TrainConfig, machine: Machine) -> int:
    """An upper estimate of what a race takes there at once, in bytes: its tensors, and what libraries work in."""
    device = machine.device(config.device)
    threads = min(config.num_seeds, machine.num_threads) - 1
    libraries = CUDA_BYTES if device == "cuda" else THREAD_BYTES * threads * (device == "cpu")
    return tensor_bytes(gpt_config, config, machine) + libraries


def tensor_bytes(gpt_config: GPTConfig, config: TrainConfig, machine: Machine) -> int:
    """An upper estimate of what a race's models, optimizers and largest step hold there at once, in bytes."""
    device = machine.device(config.device)
    seeds = config.turns()[0].num_seeds
    side_by_side = min(seeds, machine.num_threads) if device == "cpu" else 1
    sizes = len(config.batch_sizes)
    runs, windows = 0, []  # that make a step, and that go through models, at the same time; those at each batch size
    for batch_size in config.batch_sizes:
        execution = config.execution_at(batch_size)
        if not execution and device != "cpu":
            execution = gpu_execution(gpt_config, batch_size, seeds, machine.gpu_bytes)
        if execution:
            at_once, in_a_pass = min(seeds, execution.seeds_at_once * side_by_side), execution.micro_batch_size
        elif is_small_step(gpt_config, batch_size):
            at_once, in_a_pass = seeds, batch_size
            sizes = len(config.batch_sizes) + TRIED_PLANS
        else:
            at_once, in_a_pass = side_by_side, min(batch_size, MAX_PASS)
        runs = max(runs, at_once)
        num_stacks = -(-seeds // at_once)  # a step of the next stack is made beside the graph of one
        windows += [at_once * in_a_pass] * min(2, num_stacks)
    captured = device == "cuda" or gpt_config.num_parameters <= MAX_SMALL_MODEL
    copies = KEPT * seeds * sizes + (PASSING + COPIED * captured) * runs
    weights = BYTES_PER_NUMBER * gpt_config.num_parameters * copies
    held = sum(sorted(windows)[-2:]) if device == "cuda" else max(windows)
    return weights + window_bytes(gpt_config) * held


def line_through(peaks: Mapping[int, float], batch_size: float) -> float:
    """What a step is expected to hold at a batch size, from what it held at some others: on the straight line between
    the two around it, or through the two largest.

    >>> [line_through({1: 50.0, 16: 100.0, 64: 340.0}, batch_size) for batch_size in (40, 128)]
    [220.0, 660.0]
    """
    sizes = sorted(peaks)
    high = next((place for place, size in enumerate(sizes) if size >= batch_size and place), len(sizes) - 1)
    low, high = sizes[high - 1], sizes[high]
    slope = (peaks[high] - peaks[low]) / (high - low)
    return peaks[high] + slope * (batch_size - high)


def largest_batch(peaks: Mapping[int, float], budget_bytes: float) -> int:
    """The largest batch whose step is expected to hold no more than the budget; 0 where not even one window fits, and
    about NO_END where the line does not rise.

    >>> largest_batch({16: 100.0, 64: 340.0}, budget_bytes=663)
    128
    """
    low, high = 0, max(peaks)
    while line_through(peaks, high) <= budget_bytes and high < NO_END:
        low, high = high, 2 * high
    while high - low > 1:  # low fits, high does not
        middle = (low + high) // 2
        low, high = (middle, high) if line_through(peaks, middle) <= budget_bytes else (low, middle)
    return low
