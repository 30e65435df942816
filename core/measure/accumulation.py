"""A batch in one go, in micro-batches, and with each of the mistakes that people make in accumulating, side by side.

Shapes: B batch, T time, K micro-batches, P weights of the model.
"""

import math
import operator
from collections.abc import Iterable
from functools import reduce

import torch
from torch import Tensor

from core.measure.gradients import norm_by_layer
from core.measure.reports import AccumulationReport, MistakeReport, PartReport
from core.model import ReplicaStack
from core.strategies import CLIP_EACH, MEAN_OF_MEANS, NO_DIVISION, STEP_EACH
from core.strategies.accumulation import accumulated_gradient, micro_batches, token_sums
from core.training import Trainer


def measure_accumulation(
    trainer: Trainer, windows: Tensor, lengths: Tensor, micro_batch_size: int, more: Tensor, more_lengths: Tensor
) -> AccumulationReport:
    """The batch of one step in one go, in micro-batches, and with each mistake. The trainer, of one run, is left as it
    was. `more` windows (many x B, T + 1) and their lengths tell how noisy a logged loss is."""
    stack = trainer.stack
    loss, whole = accumulated_gradient(stack, windows, lengths, len(windows))
    _, accumulated = accumulated_gradient(stack, windows, lengths, micro_batch_size)
    cut = list(micro_batches(windows, lengths, micro_batch_size))
    parts = [accumulated_gradient(stack, *part, len(part[0])) for part in cut]
    targets = [int(part_lengths.sum()) for _, part_lengths in cut]
    right = move_of(trainer, whole)
    reports = {
        name: mistake_report(trainer, gradient, whole, right)
        for name, gradient in wrong_gradients(parts, targets, trainer.grad_clip).items()
    }
    reports[STEP_EACH] = stepping_report(trainer, cut, right)
    whole_spread, last_spread = logged_spreads(stack, more, more_lengths, len(windows), micro_batch_size)
    return AccumulationReport(
        loss=loss.item(),
        norm=whole.norm().item(),
        layer_norms=norm_by_layer(stack, whole[0]),
        accumulated_layer_norms=norm_by_layer(stack, accumulated[0]),
        difference=((accumulated - whole).norm() / whole.norm()).item(),
        largest_difference=((accumulated - whole).abs().max() / whole.norm()).item(),
        moved=right.norm().item(),
        clip=trainer.grad_clip,
        parts=tuple(
            PartReport(len(part), num, part_loss.item(), gradient.norm().item(), cosine_of(gradient, whole))
            for (part, _), num, (part_loss, gradient) in zip(cut, targets, parts, strict=True)
        ),
        mistakes=reports,
        whole_spread=whole_spread,
        last_spread=last_spread,
        num_logged=len(more) // len(windows),
    )


def total(gradients: Iterable[Tensor]) -> Tensor:
    return reduce(operator.add, gradients)


def wrong_gradients(parts: list[tuple[Tensor, Tensor]], targets: list[int], clip: float) -> dict[str, Tensor]:
    """What each mistake that spoils the gradient makes of the parts' losses and gradients, (1,) and (1, P) each."""
    K, N = len(parts), sum(targets)
    gradients = [gradient for _, gradient in parts]
    clipped = [g * min(1.0, clip / (g.norm().item() + 1e-6)) if clip else g for g in gradients]
    return {
        NO_DIVISION: total(gradients),
        MEAN_OF_MEANS: total(gradients) / K,
        CLIP_EACH: total(g * (n / N) for g, n in zip(clipped, targets, strict=True)),
    }


def mistake_report(trainer: Trainer, gradient: Tensor, whole: Tensor, right: Tensor) -> MistakeReport:
    moved = move_of(trainer, gradient)
    return MistakeReport(
        norm=gradient.norm().item(),
        cosine=cosine_of(gradient, whole),
        difference=((gradient - whole).norm() / whole.norm()).item(),
        num_updates=1,
        moved=moved.norm().item(),
        update_difference=((moved - right).norm() / right.norm()).item(),
    )


def stepping_report(trainer: Trainer, parts: list[tuple[Tensor, Tensor]], right: Tensor) -> MistakeReport:
    """An update after every micro-batch: K updates from small batches, each at the weights that the last one left."""
    before, weights = trainer.state(), trainer.stack.flat.clone()
    for windows, lengths in parts:
        trainer.update(accumulated_gradient(trainer.stack, windows, lengths, len(windows))[1])
    moved = trainer.stack.flat - weights
    trainer.load(before)
    difference = ((moved - right).norm() / right.norm()).item()
    return MistakeReport(math.nan, math.nan, math.nan, len(parts), moved.norm().item(), difference)


def move_of(trainer: Trainer, gradient: Tensor) -> Tensor:
    """How one update of the trainer's would move the weights, clipping included: (1, P). It is taken back."""
    before, weights = trainer.state(), trainer.stack.flat.clone()
    trainer.update(gradient.clone())
    moved = trainer.stack.flat - weights
    trainer.load(before)
    return moved


def cosine_of(one: Tensor, other: Tensor) -> float:
    return ((one * other).sum() / (one.norm() * other.norm()).clamp(min=1e-12)).item()


@torch.no_grad()
def logged_spreads(
    stack: ReplicaStack, windows: Tensor, lengths: Tensor, batch_size: int, micro_batch_size: int
) -> tuple[float, float]:
    """The standard deviation of what a log would say of many batches at these weights: the loss of the whole batch, and
    that of its last micro-batch alone. With even counts the second is sqrt(B / micro-batch) times the first."""
    sums = torch.cat([token_sums(stack, *part) for part in micro_batches(windows, lengths, 64)])  # (many x B,)
    sums, counts = sums.view(-1, batch_size), lengths.view(-1, batch_size)
    last = batch_size - (batch_size - 1) // micro_batch_size * micro_batch_size  # windows in the last one
    logs = (sums[:, -n:].sum(dim=1) / counts[:, -n:].sum(dim=1) for n in (batch_size, last))
    whole, only_last = (log.std().item() for log in logs)
    return whole, only_last
