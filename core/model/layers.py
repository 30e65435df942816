"""The three layers with weights that a GPT is made of, each able to carry R replicas at once.

With plain weights they are what `torch.nn` has. With weights that have a replica axis in front they hold R models side
by side: replica r's weights meet replica r's activations only. A small model leaves most of a processor idle; R of them
in one call leave less.

Shapes: R replicas, B batch, T time, C channels, V vocabulary. Activations are (B, T, C), or (R, B, T, C).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Linear(nn.Linear):
    """y = x W^T + b. Weight (out, in) and bias (out,), or (R, out, in) and (R, 1, out)."""

    product = staticmethod(F.linear)  # of plain weights; for another one see `onednn.py`

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.ndim == 2:
            return self.product(x, self.weight, self.bias)
        rows = x.flatten(1, -2)  # (R, B*T, in)
        weight = self.weight.mT  # (R, in, out)
        y = torch.bmm(rows, weight) if self.bias is None else torch.baddbmm(self.bias, rows, weight)
        return y.view(*x.shape[:-1], -1)  # (R, B, T, out)


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
