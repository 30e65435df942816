"""What one update does to the weights and to the loss, by AdamW as training does it, and by plain SGD beside it.

Shapes: B batch, T time, P weights of the model.
"""

import torch
from torch import Tensor

from core.measure.gradients import norm_by_layer
from core.measure.reports import Update, UpdateReport
from core.training import Trainer, losses_of


def measure_update(trainer: Trainer, windows: Tensor, fresh: Tensor, sgd_rate: float) -> UpdateReport:
    """Take the step of one run on the windows (B, T + 1), look, and take it back."""
    stack, before = trainer.stack, trainer.state()
    weights = stack.flat[0].clone()
    losses = losses_of(stack, windows[None])
    fresh_loss = mean_loss(trainer, fresh)
    gradient = stack.flat_gradient(losses)  # (1, P)
    norm = gradient.norm().item()
    trainer.update(gradient)  # clips it

    def now() -> Update:
        moved = norm_by_layer(stack, stack.flat[0] - weights)
        return Update(moved, mean_loss(trainer, windows), mean_loss(trainer, fresh))

    adamw = now()
    stack.flat.copy_(weights - sgd_rate * gradient)  # SGD: against the gradient, and that is all
    sgd = now()
    trainer.load(before)
    return UpdateReport(
        loss=losses.item(),
        fresh_loss=fresh_loss,
        norm=norm,
        clipped_to=gradient.norm().item(),
        weight_norms=norm_by_layer(stack, weights),
        adamw=adamw,
        sgd=sgd,
    )


@torch.no_grad()
def mean_loss(trainer: Trainer, windows: Tensor) -> float:
    return losses_of(trainer.stack, windows[None]).item()
