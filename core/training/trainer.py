"""One optimizer step, for one run or for several side by side.

Shapes: R replicas (seeds), B batch, T time, V vocabulary, P weights of one model.
"""

import copy

import torch
from torch import Tensor
from torch.nn import functional as F

from core.model import ReplicaStack
from core.training.config import TrainConfig


def token_losses(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy token by token: -ln of the probability that the logits (..., T, V) give to the right token, in y
    (..., T). In nats, of y's shape."""
    return F.cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none").view(y.shape)


def losses_of(stack: ReplicaStack, windows: Tensor) -> Tensor:
    """Nats per token, the mean over each replica's windows (R, B, T + 1): (R,)."""
    x, y = windows[..., :-1], windows[..., 1:]  # (R, B, T)
    logits = stack.model(x if stack.num_replicas > 1 else x[0])  # (R, B, T, V), or (B, T, V) for one replica
    return token_losses(logits, y).flatten(1).mean(dim=1)


class Trainer:
    """R models and their AdamW: `step` takes each one's batch and gives each one's loss before the update.

    Each replica is clipped by its own gradient's norm; nothing passes from one to another.
    """

    def __init__(self, stack: ReplicaStack, config: TrainConfig, batch_size: int):
        """With the learning rate and the betas that the plan gives this batch size."""
        learning_rate, betas = config.learning_rate_at(batch_size), config.betas_at(batch_size)
        self.stack = stack
        self.grad_clip = config.grad_clip
        self.decay = 1 - learning_rate * config.weight_decay  # AdamW's, decoupled from the gradient
        self.optimizer = torch.optim.Adam(
            [stack.flat], lr=learning_rate, betas=betas, fused=stack.device.type in ("cpu", "cuda")
        )

    def step(self, windows: Tensor) -> Tensor:
        """One update from the windows (R, B, T + 1). Returns the losses (R,), in nats per token."""
        losses = losses_of(self.stack, windows)
        self.update(self.stack.flat_gradient(losses))
        return losses.detach()

    def update(self, gradient: Tensor) -> None:
        """AdamW, from the gradient (R, P), which is clipped in place: shrink the matrices a little, then step."""
        if self.grad_clip:
            norm = gradient.norm(dim=1, keepdim=True)  # (R, 1)
            gradient.mul_((self.grad_clip / (norm + 1e-6)).clamp_(max=1))
        self.stack.flat[:, : self.stack.num_matrix_weights].mul_(self.decay)
        self.stack.flat.grad = gradient
        self.optimizer.step()

    @torch.no_grad()
    def evaluate(self, windows: Tensor, windows_at_once: int = 64) -> Tensor:
        """The losses (R,) on the same windows (B, T + 1) for every replica, without an update."""
        self.stack.model.eval()
        parts = windows.split(windows_at_once)
        each = [losses_of(self.stack, part.expand(self.stack.num_replicas, -1, -1)) * len(part) for part in parts]
        self.stack.model.train()
        return torch.stack(each).sum(dim=0) / len(windows)

    def state(self) -> tuple:
        """A copy of all that a step changes: the weights and what AdamW remembers."""
        return self.stack.flat.clone(), copy.deepcopy(self.optimizer.state_dict())

    def load(self, state: tuple) -> None:
        weights, remembered = state
        self.stack.flat.copy_(weights)
        self.optimizer.load_state_dict(copy.deepcopy(remembered))  # it would keep, and then change, what it is given
