"""The three layers with weights that a GPT is made of, each able to carry R replicas at once.

With plain weights they are what `torch.nn` has. With weights that have a replica axis in front they hold R models side
by side: replica r's weights meet replica r's activations only. A small model leaves most of a processor idle; R of them
in one call leave less.

Shapes: R replicas, B batch, T time, C channels, V vocabulary. Activations are (B, T, C), or (R, B, T, C).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TILE = 64  # rows and columns of a matrix that one multiprocessor of a GPU makes at a time, about
ENOUGH_TILES = 256  # at a time keep a GPU busy
FEWEST_ROWS = 128  # of a part of a product


def num_parts(num_rows: int, weight_shape: tuple[int, ...]) -> int:
    """In how many parts a GPU should take the rows that R matrices (R, out, in) are multiplied with.

    The gradient of such a matrix is a sum over all of its rows. Where the matrix is small, it has few tiles, and a few
    multiprocessors add up all of the rows while the others wait. In parts there is more to do at the same time.

    >>> num_parts(8192, (4, 64, 64)), num_parts(8192, (4, 1536, 384)), num_parts(33, (4, 64, 64))
    (64, 1, 1)
    """
    num_matrices, n_out, n_in = weight_shape
    tiles, parts = num_matrices * -(-n_out // TILE) * -(-n_in // TILE), 1
    while 2 * parts * tiles <= ENOUGH_TILES and num_rows % (2 * parts) == 0 and num_rows // (2 * parts) >= FEWEST_ROWS:
        parts *= 2
    return parts


def stacked_product(rows: Tensor, weight: Tensor, bias: Tensor | None, parts: int = 1) -> Tensor:
    """x_r W_r + b_r for R matrices: rows (R, M, in), weight (R, in, out), bias (R, 1, out) or none; (R, M, out).

    In parts, every M / parts rows meet a copy of their matrix, and autograd adds up the gradients of the copies.
    """
    if parts > 1:
        rows = rows.unflatten(1, (parts, -1)).flatten(0, 1)  # (R*parts, M/parts, in)
        weight = repeat(weight, parts)
        bias = None if bias is None else repeat(bias, parts)
    y = torch.bmm(rows, weight) if bias is None else torch.baddbmm(bias, rows, weight)
    return y.unflatten(0, (-1, parts)).flatten(1, 2) if parts > 1 else y


def repeat(weights: Tensor, times: int) -> Tensor:
    """Each of R tensors (R, ...) so many times, one copy behind the other: (R*times, ...)."""
    return weights.unsqueeze(1).expand(-1, times, *weights.shape[1:]).flatten(0, 1)


class Linear(nn.Linear):
    """y = x W^T + b. Weight (out, in) and bias (out,), or (R, out, in) and (R, 1, out)."""

    product = staticmethod(F.linear)  # of plain weights; `core/engine/onednn.py` has another one

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.ndim == 2:
            return self.product(x, self.weight, self.bias)
        rows, weight = x.flatten(1, -2), self.weight.mT  # (R, B*T, in), (R, in, out)
        parts = num_parts(rows.shape[1], self.weight.shape) if x.is_cuda else 1
        return stacked_product(rows, weight, self.bias, parts).view(*x.shape[:-1], -1)  # (R, B, T, out)


class LayerNorm(nn.LayerNorm):
    """Each position to mean 0, variance 1 over its channels, then a learnt scale and shift. Weight (C,) or
    (R, 1, 1, C)."""

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.ndim == 1:
            return super().forward(x)
        y = F.layer_norm(x, self.normalized_shape, eps=self.eps) * self.weight
        return y if self.bias is None else y + self.bias


class Embedding(nn.Embedding):
    """Row i of a table for the token i. Weight (V, C) or (R, V, C)."""

    def forward(self, ids: Tensor) -> Tensor:
        if self.weight.ndim == 2:
            return F.embedding(ids, self.weight)
        num_replicas, num_rows, _ = self.weight.shape
        first_row = torch.arange(0, num_replicas * num_rows, num_rows, device=ids.device)  # of each replica's own table
        ids = ids + first_row.view(-1, *[1] * (ids.ndim - 1))
        return F.embedding(ids, self.weight.flatten(0, 1))
