"""The time of one optimizer step of one run alone.

Runs that are trained side by side share the processor, so the wall clock of a race says little about a run by itself.
This takes some steps of a fresh run with nothing beside it and reports the median.
"""

import time

import numpy as np
import torch

from core.batches import all_windows
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import TrainConfig, Trainer


def step_seconds(
    gpt_config: GPTConfig,
    config: TrainConfig,
    batch_size: int,
    device: torch.device,
    min_steps: int = 3,
    max_steps: int = 10,
    max_seconds: float = 0.15,
) -> float:
    """Median seconds of one step at this batch size, after two steps that warm up. Its batch is zeros: no step depends
    on what the tokens are. At least `min_steps`, then until `max_seconds` are over or `max_steps` are taken."""
    model = GPT(gpt_config, torch.Generator().manual_seed(0)).to(device)
    trainer = Trainer(ReplicaStack([model]), config, config.learning_rate_at(batch_size))
    ids = torch.zeros(gpt_config.block_size + 1, dtype=torch.int64, device=device)
    windows = all_windows(ids, gpt_config.block_size).expand(batch_size, -1)[None]  # (1, B, T + 1)
    for _ in range(2):
        trainer.step(windows).item()
    seconds: list[float] = []
    while len(seconds) < min_steps or (len(seconds) < max_steps and sum(seconds) < max_seconds):
        began = time.perf_counter()
        trainer.step(windows).item()  # .item() waits for the device
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))
