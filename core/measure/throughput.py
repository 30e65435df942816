"""How long things take: one optimizer step of one run alone, and a batch in one go against one example at a time.

Runs that are trained side by side share the processor, so the wall clock of a race says little about a run by itself.
`step_seconds` takes some steps of a fresh run with nothing beside it and reports the median.
"""

import time

import numpy as np
import torch
from torch import Tensor

from core.batches import all_windows
from core.engine.autotune import first_model, trainer_of
from core.engine.cuda_graph import captured_step
from core.measure.reports import OneByOne
from core.model import GPTConfig, ReplicaStack
from core.training import ExecutionPlan, TrainConfig, losses_of


def step_seconds(
    gpt_config: GPTConfig,
    config: TrainConfig,
    execution: ExecutionPlan,
    device: torch.device,
    min_steps: int = 3,
    max_steps: int = 10,
    max_seconds: float = 0.15,
) -> float:
    """Median seconds of one step of one run, as a long race makes it: in the passes of this plan, captured, after two
    steps that warm up. Its batch is zeros: no step depends on what the tokens are. At least `min_steps`, then until
    `max_seconds` are over or `max_steps` are taken."""
    trainer = trainer_of([first_model(gpt_config, 0, device)], config, execution)
    windows = all_windows(
        torch.zeros(gpt_config.block_size + 1, dtype=torch.int64, device=device), gpt_config.block_size
    )
    starts = torch.zeros(1, execution.batch_size, dtype=torch.int64, device=device)  # (1, B): there is one window
    trainer.capture(windows[starts])
    step = captured_step(trainer, windows, starts)
    for _ in range(2):
        step(starts).item()
    seconds: list[float] = []
    while len(seconds) < min_steps or (len(seconds) < max_steps and sum(seconds) < max_seconds):
        began = time.perf_counter()
        step(starts).item()  # .item() waits for the device
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))


def one_by_one(stack: ReplicaStack, windows: Tensor, max_seconds: float = 0.25, max_repeats: int = 7) -> OneByOne:
    """Forward and backward over the windows (B, T + 1) both ways, in turn, until the time is over; at least once each
    after one pass that warms up."""

    def gradient_of(part: Tensor) -> tuple[float, Tensor]:
        losses = losses_of(stack, part[None])
        gradient = stack.flat_gradient(losses)
        return losses.item(), gradient  # .item() waits for the device

    gradient_of(windows)
    gradient_of(windows[:1])
    seconds: tuple[list[float], list[float]] = ([], [])
    while not seconds[0] or (len(seconds[0]) < max_repeats and sum(map(sum, seconds)) < max_seconds):
        began = time.perf_counter()
        loss, gradient = gradient_of(windows)
        between = time.perf_counter()
        total, mean_loss = torch.zeros_like(gradient), 0.0
        for example in windows.split(1):
            example_loss, example_gradient = gradient_of(example)
            total += example_gradient / len(windows)
            mean_loss += example_loss / len(windows)
        for times, end, start in zip(seconds, (between, time.perf_counter()), (began, between), strict=True):
            times.append(end - start)
    difference = (total - gradient).abs().max() / gradient.norm().clamp(min=1e-12)
    return OneByOne(loss, mean_loss, difference.item(), tuple(seconds[0]), tuple(seconds[1]))
