"""The training of one run, written out as a usual script has it: the app's own loop trains many at once.

Its source goes into what is taken away, so it may use only what stands there too. A test holds its losses against the
app's.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from core.batches.stream import WindowStream
from core.batches.windows import all_windows, spread_starts
from core.model.config import GPTConfig
from core.model.gpt import GPT

LOSS_BOUND = 10.0  # or three times a uniform guess's ln V: a run beyond it has diverged


def train_run(
    gpt_config: GPTConfig, plan: dict, run: dict, seed: int, train_ids: np.ndarray, val_ids: np.ndarray, device: str
) -> Iterator[dict]:
    """One run from its first weights to its last step; a record for each step and each validation, in nats per token.

    All runs of a seed start from the same weights and read the same stream of windows, whatever their batch size.
    """
    T, B = gpt_config.block_size, run["batch_size"]
    model = GPT(gpt_config, torch.Generator().manual_seed(seed)).to(device)
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]  # biases and norms do not decay
    groups = [{"params": matrices, "weight_decay": plan["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=run["learning_rate"], betas=tuple(run["betas"]))
    stream = WindowStream(num_tokens=len(train_ids), block_size=T, order=plan["order"], seed=seed)
    windows = all_windows(torch.from_numpy(train_ids).to(device), T)  # (N - T, T + 1)
    held_out = all_windows(torch.from_numpy(val_ids).to(device), T)[
        spread_starts(len(val_ids), T, plan["eval_windows"])
    ]
    bound = max(LOSS_BOUND, 3 * np.log(gpt_config.vocab_size))

    def loss_of(some: torch.Tensor) -> torch.Tensor:  # (B, T + 1)
        x, y = some[:, :-1], some[:, 1:]  # (B, T): y is x one token on
        return F.cross_entropy(model(x).flatten(0, 1), y.flatten())

    for step in range(run["num_steps"] + 1):
        where = {"batch_size": B, "seed": seed, "step": step, "tokens_seen": step * B * T}
        if step in run["eval_steps"]:
            model.eval()
            with torch.no_grad():
                yield {"kind": "eval", **where, "loss": loss_of(held_out).item()}
            model.train()
        if step == run["num_steps"]:
            return
        starts = stream.starts(first=step * B, count=B)  # (B,)
        loss = loss_of(windows[torch.from_numpy(starts).to(device)])
        if not loss.item() <= bound:
            yield {"kind": "diverged", **where, "loss": loss.item()}
            return
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if plan["grad_clip"]:
            torch.nn.utils.clip_grad_norm_(model.parameters(), plan["grad_clip"])
        optimizer.step()
        yield {"kind": "train", **where, "step": step + 1, "tokens_seen": (step + 1) * B * T, "loss": loss.item()}


def loss_noise(losses: np.ndarray) -> float:
    """How far a curve jumps from step to step: from second differences, which take any straight trend away,
    sigma^2 = sum (x_t - 2 x_(t-1) + x_(t-2))^2 / (6 n). The first quarter is left out: there the loss falls fastest."""
    late = np.asarray(losses)[len(losses) // 4 :]
    second = late[2:] - 2 * late[1:-1] + late[:-2]
    return float(np.sqrt((second**2).sum() / (6 * len(second)))) if len(second) else float("nan")
