"""Our trainer against the loop that everybody writes, on the same model and batches: tokens a second, as a ratio.

The plain loop is a usual training script, one seed at a time: batches by `torch.stack` of slices, cross-entropy, AdamW
with its defaults for this device, gradients clipped by norm, autocast where the precision is bfloat16; its model is
compiled if that is asked for. Both take turns, a fraction of a second each, round after round, so that what slows the
machine for a while slows both.

    {"batch_size", "tokens_per_second", "plain_tokens_per_second", "ratio", "ratio_low", "ratio_high", "execution"}

All are geometric means over the rounds, of all seeds together; ratio_low and ratio_high are the ratio's 95% t interval
over the rounds of this one run of the bench. Another one may find another plan, and another clock.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.engine import Training
from core.measure.comparison import ratio_of
from core.model import GPT, GPTConfig
from core.training import TrainConfig

ROUND_SECONDS = 0.4  # of each side
WARM_STEPS = 3


def plain_loop(
    ids: Tensor, gpt_config: GPTConfig, config: TrainConfig, batch_size: int, compiled: bool = False
) -> Callable[[int], None]:
    """A usual training script as a function that makes so many steps. `compiled`: its model goes through
    `torch.compile`, which takes its time in the first step and needs a C++ compiler, or Triton on a GPU."""
    device, T = ids.device, gpt_config.block_size
    model = GPT(gpt_config).to(device)
    if compiled:
        torch.compiler.reset()  # or a second batch size would be compiled for any, and run slower
    forward = torch.compile(model) if compiled else model
    autocast = partial(torch.autocast, device.type, torch.bfloat16, enabled=config.precision == "bfloat16")
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate_at(batch_size), betas=config.betas_at(batch_size))

    def train(num_steps: int) -> None:
        for _ in range(num_steps):
            starts = torch.randint(len(ids) - T, (batch_size,)).tolist()
            x = torch.stack([ids[i : i + T] for i in starts])  # (B, T)
            y = torch.stack([ids[i + 1 : i + 1 + T] for i in starts])  # (B, T)
            with autocast():
                logits = forward(x)  # (B, T, V)
                loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.grad_clip)
            optimizer.step()
        loss.item()  # waits for the device

    return train


def bench(ids: np.ndarray, gpt_config: GPTConfig, config: TrainConfig, rounds: int = 8, compiled: bool = False) -> dict:
    """The message (see the top of this file) of a race's one batch size. `ids` (N,) are the tokens of a text."""
    (batch_size,) = config.batch_sizes
    race = Training(ids, ids[:0], gpt_config, config)
    plain = plain_loop(torch.from_numpy(ids).to(race.device), gpt_config, config, batch_size, compiled)
    tokens = batch_size * gpt_config.block_size
    sides = {
        "ours": (lambda steps: race.advance(batch_size, steps), tokens * config.num_seeds),
        "plain": (plain, tokens),
    }
    steps = {name: steps_for(train, ROUND_SECONDS) for name, (train, _) in sides.items()}
    speeds: dict[str, list[float]] = {name: [] for name in sides}  # tokens a second, by round
    for number in range(rounds):
        turns = list(sides.items())
        for name, (train, tokens_per_step) in turns if number % 2 else turns[::-1]:
            speeds[name].append(steps[name] * tokens_per_step / seconds_of(train, steps[name]))
    ours, theirs = np.array(speeds["ours"]), np.array(speeds["plain"])
    ratio = ratio_of(ours, theirs)
    return {
        "batch_size": batch_size,
        "tokens_per_second": float(np.exp(np.log(ours).mean())),
        "plain_tokens_per_second": float(np.exp(np.log(theirs).mean())),
        "ratio": ratio.value,
        "ratio_low": ratio.low,
        "ratio_high": ratio.high,
        "execution": asdict(race.executions[0]),
    }


def steps_for(train: Callable[[int], None], seconds: float) -> int:
    """How many steps take about so long; after some that warm up."""
    train(WARM_STEPS)
    return max(1, round(seconds * WARM_STEPS / seconds_of(train, WARM_STEPS)))


def seconds_of(train: Callable[[int], None], num_steps: int) -> float:
    began = time.perf_counter()
    train(num_steps)
    return time.perf_counter() - began
