"""Gradients: of a loss as one vector; of a batch in parts, as one process takes them one after the other, or as ranks
take them side by side."""

import torch
from torch import Tensor
from torch.nn import functional as F

from core.model.gpt import GPT


def flat_gradient(model: GPT, loss: Tensor) -> Tensor:
    """The gradient of every weight in a row, (P,). The model's own `.grad` stays as it is."""
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(model.parameters()))])


def loss_sum(model: GPT, windows: Tensor, lengths: Tensor) -> Tensor:
    """The sum of the token losses of windows (B, T + 1), of whose targets the first lengths (B,) count, in nats."""
    x, y = windows[:, :-1], windows[:, 1:]  # (B, T)
    losses = F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="none").view(y.shape)
    return (losses * (torch.arange(y.shape[1], device=y.device) < lengths[:, None])).sum()


def accumulated_gradient(model: GPT, windows: Tensor, lengths: Tensor, micro_batch_size: int) -> Tensor:
    """The batch's gradient (P,), from micro-batches: each counts by its share of all target tokens."""
    parts = zip(windows.split(micro_batch_size), lengths.split(micro_batch_size), strict=True)
    return sum(flat_gradient(model, loss_sum(model, *part) / lengths.sum()) for part in parts)


def rank_gradients(model: GPT, windows: Tensor, lengths: Tensor, num_ranks: int) -> Tensor:
    """What each of W ranks brings to the average, (W, P): its loss is W (sum over its own targets) / (all targets).
    Here they take turns; real ranks are processes, each with its own copy of the model."""
    parts = zip(windows.chunk(num_ranks), lengths.chunk(num_ranks), strict=True)
    return torch.stack([flat_gradient(model, num_ranks * loss_sum(model, *p) / lengths.sum()) for p in parts])
