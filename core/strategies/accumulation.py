"""Gradient accumulation: a large batch taken in micro-batches, one update at the end.

The loss of a batch is a mean over all its tokens, so each micro-batch counts by its share of them:

    G = sum_k (N_k / N) G_k        N_k target tokens in micro-batch k, N in all

Shapes: B batch, T time, P weights of the model.
"""

import torch
from torch import Tensor

from core.model import ReplicaStack
from core.training import losses_of


def accumulated_gradient(stack: ReplicaStack, windows: Tensor, micro_batch_size: int) -> tuple[Tensor, Tensor]:
    """(loss, gradient) of the batch of windows (B, T + 1), taken `micro_batch_size` windows at a time; the last
    micro-batch may be smaller. The stack holds one model; shapes (1,) and (1, P), the gradient laid out as its `flat`.
    """
    gradient = torch.zeros_like(stack.flat)  # (1, P)
    loss = gradient.new_zeros(1)
    for part in windows.split(micro_batch_size):
        part_loss = losses_of(stack, part[None]) * (len(part) / len(windows))  # every window has T targets
        gradient += stack.flat_gradient(part_loss)  # what this part's backward needed is free again
        loss += part_loss.detach()
    return loss, gradient
