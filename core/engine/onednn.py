"""The product of a linear layer by oneDNN, for a processor on which that is faster.

On a CPU torch has float32 matrices multiplied by MKL, if it was built with it. oneDNN comes with torch too: on a core
of an AMD EPYC with AVX-512 it made 210 to 250 billion operations a second, and MKL 109 (512 rows and more, 64
channels). Its calls cost more, and pay from some hundred rows on; where they do is tried (`autotune.py`).

Shapes: M rows (all positions of a batch, in any number of dimensions), K numbers in, N numbers out.
"""

import torch
from torch import Tensor


def is_available() -> bool:
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b as `torch.nn.functional.linear` has it, but for rounding: x (..., K), weight (N, K), bias (N,), all of
    them float32 on the CPU; (..., N)."""
    return OneDNNLinear.apply(x, weight, bias)


class OneDNNLinear(torch.autograd.Function):
    """`linear`, and its gradients dx = dy W, dW = dy^T x and db, the sum of dy over the rows."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.has_bias = bias is not None
        return product(x, weight, bias)

    @staticmethod
    def backward(ctx, dy: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        x, weight = ctx.saved_tensors
        rows, d_rows = x.flatten(0, -2), dy.flatten(0, -2)  # (M, K), (M, N)
        narrower = rows.shape[1] <= d_rows.shape[1]  # the first matrix of a product is transposed: it takes less time
        d_weight = product(rows.mT, d_rows.mT).mT if narrower else product(d_rows.mT, rows.mT)
        return product(dy, weight.mT), d_weight, d_rows.sum(dim=0) if ctx.has_bias else None


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """What torch's compiler makes of a linear layer on a CPU."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
