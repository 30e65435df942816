"""Noise at frozen weights: how far the loss and the gradient of a batch lie from those of the whole text.

The text is a population of D windows, cut one after the other. Its loss and its gradient, the means over all of them,
are computed once; a batch of B windows, drawn independently with replacement, then has

    E[(L_B - L)^2] = Var(L_i) / B        E|G_B - G|^2 = tr(Sigma) / B,

so both spreads should fall as B^(-1/2). Nothing is taken for granted: every batch is drawn and goes through the model.
Drawn without replacement, a batch of distinct windows lies nearer: the factor is (1/B - 1/D) D / (D - 1).

Weights stand still, so nothing here is clipped, and no optimizer takes part.

Shapes: D windows in the text, N batches, B windows in a batch, T time, P weights of the model.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.batches import split
from core.measure.gradients import chunk_size, per_example_gradients
from core.measure.intervals import Kurtosis
from core.measure.noise_scale import from_examples
from core.model import ReplicaStack
from core.training import losses_of, token_losses

AT_ONCE = 64  # windows in one pass over the text: more were no faster on a CPU


@dataclass(frozen=True)
class Batches:
    """N batches of one size at the same weights."""

    batch_size: int
    losses: np.ndarray  # (N,) nats per token
    norms: np.ndarray  # (N,) |G_B|
    cosines: np.ndarray  # (N,) of G_B with the whole text's gradient
    squares: np.ndarray  # (N,) |G_B - G|^2


@dataclass(frozen=True)
class Examples:
    """K batches of B windows whose gradients were taken one by one."""

    grad_sq_norms: np.ndarray  # (K,) unbiased estimates of |G|^2
    trace_covs: np.ndarray  # (K,) unbiased estimates of tr(Sigma)
    kurtosis: Kurtosis  # of g_i - G


class Population:
    """All windows of a text (D, T + 1) under one model at frozen weights.

    `losses` and `gradient` are for the whole of it; they are there when the pass that takes them is done. Passes are
    iterators over the share that is done, so that a long one can show how far it is, and can be left.
    """

    def __init__(self, stack: ReplicaStack, windows: Tensor):
        self.stack, self.windows = stack, windows

    def __len__(self) -> int:
        return len(self.windows)

    @torch.no_grad()
    def take_losses(self) -> Iterator[float]:
        """Fills `token_losses` (D, T) float32 and `losses` (D,) float64, nats per token."""
        parts = []
        for part in self.windows.split(AT_ONCE):
            x, y = split(part)  # (B, T)
            parts.append(token_losses(self.stack.model(x), y).cpu())
            yield len(parts) * AT_ONCE / len(self)
        self.token_losses = torch.cat(parts).numpy()
        self.losses = self.token_losses.mean(axis=1, dtype=float)

    @property
    def design_effect(self) -> float:
        return design_effect(self.token_losses)

    def take_gradient(self) -> Iterator[float]:
        """Fills `gradient` (P,), the mean over all windows."""
        self.gradient = torch.zeros_like(self.stack.flat[0])
        for number, part in enumerate(self.windows.split(AT_ONCE), 1):
            gradient = self.stack.flat_gradient(losses_of(self.stack, part[None]))[0]
            self.gradient += gradient * (len(part) / len(self))
            yield min(1.0, number * AT_ONCE / len(self))

    def draw(self, rng: np.random.Generator, num: int, batch_size: int, replacement: bool = True) -> np.ndarray:
        """Which windows are in each of `num` batches: (N, B). Without replacement no window is twice in a batch."""
        if replacement:
            return rng.integers(len(self), size=(num, batch_size))
        return np.stack([rng.choice(len(self), size=batch_size, replace=False, shuffle=False) for _ in range(num)])

    def take_batches(self, drawn: np.ndarray) -> Iterator[tuple[float, Batches | None]]:
        """Each batch of `drawn` (N, B) through the model and back. Yields (share done, None), at last (1.0, all)."""
        length = self.gradient.norm()
        rows = []
        for number, places in enumerate(torch.from_numpy(drawn), 1):
            losses = losses_of(self.stack, self.windows[places.to(self.windows.device)][None])
            gradient = self.stack.flat_gradient(losses)[0]
            norm = gradient.norm()
            cosine = gradient @ self.gradient / (norm * length).clamp(min=1e-12)
            rows.append(torch.stack([losses[0].detach(), norm, cosine, (gradient - self.gradient).square().sum()]))
            if number < len(drawn):
                yield number / len(drawn), None
        columns = torch.stack(rows).cpu().numpy().astype(float).T
        yield 1.0, Batches(drawn.shape[1], *columns)

    def take_examples(self, drawn: np.ndarray) -> Iterator[tuple[float, Examples | None]]:
        """The gradient of every single window in the batches `drawn` (K, B). Yields as `take_batches`."""
        batch_size = drawn.shape[1]
        mean_squares, squares_of_mean, singles, pairs = [], [], [], []
        for number, places in enumerate(torch.from_numpy(drawn), 1):
            total, squares = torch.zeros_like(self.gradient), []
            windows = self.windows[places.to(self.windows.device)]
            for chunk in per_example_gradients(self.stack, windows, chunk_size(self.stack.config)):
                total += chunk.sum(dim=0)
                squares.append(chunk.square().sum(dim=1))
                chunk -= self.gradient  # g_i - G
                products = chunk @ chunk.T
                singles.append(products.diagonal().clone())
                pairs.append(products.square().sum() - products.diagonal().square().sum())
            mean_squares.append(torch.cat(squares).mean())
            squares_of_mean.append((total / batch_size).square().sum())
            if number < len(drawn):
                yield number / len(drawn), None
        m, n = (torch.stack(values).cpu().numpy().astype(float) for values in (mean_squares, squares_of_mean))
        grad_sq_norms, trace_covs = from_examples(m, n, batch_size)
        yield 1.0, Examples(grad_sq_norms, trace_covs, self._kurtosis(singles, pairs))

    @staticmethod
    def _kurtosis(singles: list[Tensor], pairs: list[Tensor]) -> Kurtosis:
        num_pairs = sum(len(s) * (len(s) - 1) for s in singles)
        squares = torch.cat(singles).cpu().double()  # an Apple GPU knows no float64
        trace = squares.mean().item()
        if not trace:  # no spread at all, and no tails
            return Kurtosis(2.0, 2.0)
        pair = 2 * sum(p.item() for p in pairs) / max(num_pairs, 1) / trace**2 if num_pairs else 2.0
        return Kurtosis(pair, squares.var().item() / trace**2)


def design_effect(losses: np.ndarray) -> float:
    """T Var(window mean) / Var(token loss), of token losses (D, T) with the mean of each position taken out: how many
    times more a window's mean varies than that of T independent tokens would (Kish 1965). NaN where none varies.

    >>> design_effect(np.array([[1.0, 1.0], [3.0, 3.0], [5.0, 5.0]]))
    2.0
    """
    residuals = losses - losses.mean(axis=0, keepdims=True)
    variance = residuals.var()
    return float(losses.shape[1] * residuals.mean(axis=1).var() / variance) if variance else math.nan
