"""The training of one run, as a usual script has it: the app's own loop trains many at once."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from core.batches.stream import WindowStream
from core.batches.windows import all_windows, spread_starts
from core.model.config import GPTConfig
from core.model.gpt import GPT


def loss_of(model: GPT, windows: Tensor) -> Tensor:
    """The mean over all B x T questions of windows (B, T + 1), in nats per token."""
    x, y = windows[:, :-1], windows[:, 1:]  # (B, T): y is x one token on
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


def new_optimizer(model: GPT, plan: dict, run: dict) -> torch.optim.AdamW:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]  # biases and norms do not decay
    groups = [{"params": matrices, "weight_decay": plan["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=run["learning_rate"], betas=tuple(run["betas"]))


def train_step(model: GPT, optimizer: torch.optim.Optimizer, windows: Tensor, plan: dict) -> float:
    """One update from one batch. Returns its loss, from before the update."""
    loss = loss_of(model, windows)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if plan["grad_clip"]:
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan["grad_clip"])
    optimizer.step()
    return loss.item()


def train_run(
    gpt_config: GPTConfig, plan: dict, run: dict, seed: int, train_ids: np.ndarray, val_ids: np.ndarray, device: str
) -> Iterator[dict]:
    """One run from its first weights to its last step; a record for each step and each validation, in nats per token.

    All runs of a seed start from the same weights and read the same stream of windows, whatever their batch size.
    """
    T, B = gpt_config.block_size, run["batch_size"]
    model = GPT(gpt_config, torch.Generator().manual_seed(seed)).to(device)
    optimizer = new_optimizer(model, plan, run)
    stream = WindowStream(num_tokens=len(train_ids), block_size=T, order=plan["order"], seed=seed)
    windows = all_windows(torch.from_numpy(train_ids).to(device), T)  # (N - T, T + 1)
    held_out = all_windows(torch.from_numpy(val_ids).to(device), T)[
        spread_starts(len(val_ids), T, plan["eval_windows"])
    ]
    bound = max(10.0, 3 * np.log(gpt_config.vocab_size))  # three times a uniform guess: beyond it, it has diverged
    for step in range(run["num_steps"] + 1):
        where = {"batch_size": B, "seed": seed, "step": step, "tokens_seen": step * B * T}
        if step in run["eval_steps"] or step == run["num_steps"]:
            model.eval()
            with torch.no_grad():
                yield {"kind": "eval", **where, "loss": loss_of(model, held_out).item()}
            model.train()
        if step == run["num_steps"]:
            return
        starts = stream.starts(first=step * B, count=B)  # (B,)
        loss = train_step(model, optimizer, windows[torch.from_numpy(starts).to(device)], plan)
        if not loss <= bound:
            yield {"kind": "diverged", **where, "loss": loss}
            return
        yield {"kind": "train", **where, "step": step + 1, "tokens_seen": (step + 1) * B * T, "loss": loss}


def final_losses(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The validation loss at the end of each run, a column for each seed; NaN where a run has diverged."""
    last = table.groupby([*by, "seed"]).tail(1)
    return last.assign(loss=last["loss"].where(last["kind"] == "eval")).pivot(index=by, columns="seed", values="loss")


def loss_noise(losses: np.ndarray) -> float:
    """The spread of a curve around its trend: from second differences, which take any straight trend away,
    sigma^2 = sum (x_t - 2 x_(t-1) + x_(t-2))^2 / (6 n). The first quarter is left out: there the loss falls fastest."""
    late = np.asarray(losses)[len(losses) // 4 :]
    second = late[2:] - 2 * late[1:-1] + late[:-2]
    return float(np.sqrt((second**2).sum() / (6 * len(second)))) if len(second) else float("nan")
