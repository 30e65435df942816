"""What a model says at every position of a batch, and what each position costs it.

Shapes: B batch, T time, V vocabulary, K the likeliest tokens.
"""

import numpy as np
import torch
from torch import Tensor

from core.batches import split
from core.measure.reports import Predictions
from core.model import GPT
from core.training import token_losses

TOP = 5  # the likeliest next tokens that are given for a position


@torch.no_grad()
def predict(model: GPT, windows: Tensor, max_cells: int) -> Predictions:
    """One forward pass over the windows (B, T + 1). The likeliest tokens come for all rows if these are at most
    `max_cells` positions, otherwise for the rows of the largest and of the smallest loss, the largest first."""
    x, y = split(windows)  # (B, T)
    logits = model(x)  # (B, T, V)
    losses = token_losses(logits, y)  # (B, T)
    rows = some_rows(losses.mean(dim=1), max(2, max_cells // x.shape[1]))
    top = logits[rows].softmax(dim=-1).topk(min(TOP, logits.shape[-1]), dim=-1)
    arrays = (part.cpu().numpy() for part in (losses, rows, top.indices, top.values))
    return Predictions(losses[None].flatten(1).mean(dim=1).item(), *arrays)


def some_rows(losses: Tensor, count: int) -> Tensor:
    """All rows in their order, or where there are more than `count`, half as many worst and as many best ones.

    >>> some_rows(torch.tensor([1.0, 4.0, 2.0, 3.0]), 2)
    tensor([1, 0])
    """
    if len(losses) <= count:
        return torch.arange(len(losses), device=losses.device)
    worst_first = losses.argsort(descending=True, stable=True)
    return torch.cat([worst_first[: count // 2], worst_first[-(count // 2) :]])


@torch.no_grad()
def prefix_losses(model: GPT, window: Tensor, num_positions: int) -> np.ndarray:
    """The losses (num_positions,) of a window (T + 1,), each taken by itself: a pass over tokens 0 to t alone, of
    which only the last position's prediction is used. Equal to the row of `predict`, where one pass gives them all."""
    losses = [
        token_losses(model(window[None, : t + 1])[:, -1:], window[None, t + 1 : t + 2]) for t in range(num_positions)
    ]
    return torch.cat(losses).flatten().cpu().numpy()
