"""Gradient accumulation: a large batch taken in micro-batches, one update at the end.

The loss of a batch is a mean over all its target tokens, so each micro-batch counts by its share of them:

    L = (sum of all token losses) / N        G = sum_k (N_k / N) G_k        N_k targets in micro-batch k, N in all

Shapes: B batch, T time, P weights of the model.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from core.batches import split
from core.model import ReplicaStack
from core.training import token_losses


def token_sums(stack: ReplicaStack, windows: Tensor, lengths: Tensor) -> Tensor:
    """The sum of the token losses of each window in (B, T + 1), of which the first lengths (B,) targets count: (B,), in
    nats. The stack holds one model."""
    x, y = split(windows)  # (B, T)
    losses = token_losses(stack.model(x), y)  # (B, T)
    places = torch.arange(losses.shape[1], device=losses.device)  # (T,)
    return (losses * (places < lengths[:, None])).sum(dim=1)


def micro_batches(windows: Tensor, lengths: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """(windows, lengths) of each micro-batch; the last one may be smaller."""
    return zip(windows.split(size), lengths.split(size), strict=True)


def accumulated_gradient(
    stack: ReplicaStack, windows: Tensor, lengths: Tensor, micro_batch_size: int
) -> tuple[Tensor, Tensor]:
    """(loss, gradient) of the batch, taken `micro_batch_size` windows at a time: (1,), in nats per token, and (1, P),
    laid out as the stack's `flat`."""
    gradient = torch.zeros_like(stack.flat)  # (1, P)
    loss = gradient.new_zeros(1)
    for part, part_lengths in micro_batches(windows, lengths, micro_batch_size):
        part_loss = token_sums(stack, part, part_lengths).sum()[None] / lengths.sum()  # by all targets, not by its own
        gradient += stack.flat_gradient(part_loss)  # what this part's backward needed is free again
        loss += part_loss.detach()
    return loss, gradient
