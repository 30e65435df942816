"""How much memory a race will take, before it starts.

Each run keeps its weights, its gradient and Adam's two moments for as long as the race goes on: 4 numbers a weight. The
runs that make a step have two more gradients while it is laid out. Activations, that backward needs, grow with the
tokens that go through the model at once: per token and layer about 34 C numbers (two norms, q, k, v, the attention's
output, the MLP's 4 C before and after its GELU, and the sums between), and 4 V for the logits, their softmax and the
gradients of both. On a CPU, before a race of a small model begins, the ways to train it are tried on some more copies.

It is an upper estimate of the peak, not a measurement. Nothing in it grows with the number of steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.model.config import GPTConfig
from core.training.config import MAX_PASS, TrainConfig, may_go_together

BYTES_PER_NUMBER = 4  # float32
KEPT, PASSING = 4, 2  # numbers a weight: of every run, and of those that make a step
TRIED_WAYS = 3
THREAD_BYTES = 96 * 2**20  # that the C library keeps for each thread that works beside the first


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What experiments run on."""

    memory_bytes: int  # that can be had on its fastest device
    fastest_device: str = "cpu"  # what "auto" means there
    num_threads: int = 1  # of its processor that training may use


def race_bytes(gpt_config: GPTConfig, config: TrainConfig, machine: Machine) -> int:
    """An upper estimate of what a race's models, optimizers and largest step hold there at once, in bytes."""
    device = machine.fastest_device if config.device == "auto" else config.device
    seeds = config.num_seeds
    side_by_side = min(seeds, machine.num_threads) if device == "cpu" else 1
    copies = KEPT * seeds * len(config.batch_sizes) + PASSING * seeds
    windows = 0  # that go through models at the same time
    for batch_size in config.batch_sizes:
        way = config.way_of(batch_size)
        if way:
            at_once = min(seeds, way.seeds_at_once * side_by_side) * way.micro_batch_size
        elif device != "cpu":
            at_once = seeds * batch_size
        elif may_go_together(gpt_config, batch_size):
            at_once = seeds * batch_size
            copies = max(copies, KEPT * seeds * (len(config.batch_sizes) + TRIED_WAYS))
        else:
            at_once = side_by_side * min(batch_size, MAX_PASS)
        windows = max(windows, at_once)
    per_token = gpt_config.n_layer * 34 * gpt_config.n_embd + 4 * gpt_config.vocab_size
    numbers = gpt_config.num_parameters * copies + windows * gpt_config.block_size * per_token
    return BYTES_PER_NUMBER * numbers + THREAD_BYTES * (side_by_side - 1)


def line_through(peaks: Mapping[int, float]) -> Callable[[float], float]:
    """The straight line through the two largest of some batch sizes and the bytes that a step held there: it tells what
    other sizes will hold. Below them, where buffers of the weights' size count, it is too low.

    >>> line_through({1: 50.0, 16: 100.0, 64: 340.0})(128)
    660.0
    """
    (low, below), (high, above) = sorted(peaks.items())[-2:]
    slope = (above - below) / (high - low)
    return lambda batch_size: above + slope * (batch_size - high)


def largest_batch(peaks: Mapping[int, float], budget_bytes: float) -> int:
    """The largest batch whose step is predicted to hold no more than the budget; 0 where not even one window fits.

    >>> largest_batch({16: 100.0, 64: 340.0}, budget_bytes=663)
    128
    """
    line = line_through(peaks)
    intercept, slope = line(0), line(1) - line(0)
    too_large = [size for size, held in peaks.items() if held > budget_bytes]  # as measured, whatever the line says
    fits = int(np.floor((budget_bytes - intercept) / slope + 1e-9))
    return max(0, min([fits, *(size - 1 for size in too_large)]))
