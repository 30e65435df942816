"""One optimizer step, for one run or for several side by side.

Shapes: R replicas (seeds), B batch, T time, V vocabulary, P weights of one model.
"""

from functools import partial, reduce

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.adam import adam

from core.batches import split
from core.model import ReplicaStack
from core.training.config import TrainConfig


def token_losses(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy token by token: -ln of the probability that the logits (..., T, V) give to the right token, in y
    (..., T). In nats, of y's shape."""
    return F.cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none").view(y.shape)


def losses_of(stack: ReplicaStack, windows: Tensor) -> Tensor:
    """Nats per token, the mean over each replica's windows (R, B, T + 1): (R,)."""
    x, y = split(windows)  # (R, B, T)
    logits = stack.model(x if stack.num_replicas > 1 else x[0])  # (R, B, T, V), or (B, T, V) for one replica
    return token_losses(logits, y).flatten(1).mean(dim=1)


class Trainer:
    """R models and their AdamW: `step` takes each one's batch and gives each one's loss before the update.

    Each replica is clipped by its own gradient's norm; nothing passes from one to another. A batch of more than
    `micro_batch_size` windows is taken in parts of that size, whose gradients add up to its own.
    """

    def __init__(self, stack: ReplicaStack, config: TrainConfig, batch_size: int, micro_batch_size: int | None = None):
        """With the learning rate and the betas that the plan gives this batch size."""
        learning_rate, betas = config.learning_rate_at(batch_size), config.betas_at(batch_size)
        self.stack = stack
        self.micro_batch_size = micro_batch_size or batch_size
        self.grad_clip = config.grad_clip
        self.weight_decay = config.weight_decay
        self.autocast = partial(  # without a cache, which would outlive a captured graph
            torch.autocast,
            stack.device.type,
            torch.bfloat16,
            enabled=config.precision == "bfloat16",
            cache_enabled=False,
        )
        self.gradient = torch.empty_like(stack.flat)  # (R, P), of the step that is being made
        self.mean, self.mean_square = torch.zeros_like(stack.flat), torch.zeros_like(stack.flat)  # (R, P), AdamW's
        fused, on_cuda = stack.device.type in ("cpu", "cuda"), stack.device.type == "cuda"
        self.num_steps = torch.zeros((), device=stack.device if fused else "cpu")
        self.rate = learning_rate
        self.rates = None  # (steps,), of a run whose rate changes
        if config.warmup or config.final_rate < 1:
            rates = config.rate_schedule(batch_size, stack.config.block_size)
            self.rates = torch.tensor(rates, device=self.num_steps.device)
        self.adam = partial(
            adam,
            [stack.flat],
            exp_avgs=[self.mean],
            exp_avg_sqs=[self.mean_square],
            max_exp_avg_sqs=[],
            state_steps=[self.num_steps],
            beta1=betas[0],
            beta2=betas[1],
            eps=1e-8,
            weight_decay=0.0,  # decoupled from the gradient: see `update`
            amsgrad=False,
            maximize=False,
            fused=fused,
            capturable=on_cuda,  # nothing of a step is read back: see `core/engine/cuda_graph.py`
        )

    def step(self, windows: Tensor) -> Tensor:
        """One update from the windows (R, B, T + 1). Returns the losses (R,), in nats per token."""
        losses, gradient = self.losses_and_gradient(windows)
        self.update(gradient)
        return losses

    def losses_and_gradient(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Of the windows (R, B, T + 1): (R,) in nats per token, and (R, P), which stands until the next step."""
        parts = windows.split(self.micro_batch_size, dim=1)  # each (R, micro-batch, T + 1)
        losses = [self.add_part(part, windows.shape[1], first=part is parts[0]) for part in parts]
        return reduce(torch.add, losses), self.gradient

    def add_part(self, windows: Tensor, num_windows: int, first: bool) -> Tensor:
        """What these windows add to the losses (R,) of `num_windows`; they begin the batch's gradient or add to it."""
        with self.autocast():
            losses = losses_of(self.stack, windows) * (windows.shape[1] / num_windows)
        if first:
            self.stack.flat_gradient(losses, out=self.gradient)
        else:
            self.gradient += self.stack.flat_gradient(losses)
        return losses.detach()

    def update(self, gradient: Tensor) -> None:
        """AdamW, from the gradient (R, P), which is clipped in place: shrink the matrices a little, then step."""
        if self.grad_clip:
            norm = gradient.norm(dim=1, keepdim=True)  # (R, 1)
            gradient.mul_((self.grad_clip / (norm + 1e-6)).clamp_(max=1))
        rate = self.rate
        if self.rates is not None:  # the last one holds for steps beyond the budget
            rate = self.rates.take(self.num_steps.long().clamp(max=len(self.rates) - 1))
        self.stack.flat[:, : self.stack.num_matrix_weights].mul_(1 - rate * self.weight_decay)
        self.adam([gradient], lr=rate)

    @torch.no_grad()
    def evaluate(self, windows: Tensor, windows_at_once: int = 64) -> Tensor:
        """The losses (R,) on the same windows (B, T + 1) for every replica, without an update."""
        self.stack.model.eval()
        parts = [part.expand(self.stack.num_replicas, -1, -1) for part in windows.split(windows_at_once)]
        with self.autocast():
            each = [losses_of(self.stack, part) * part.shape[1] for part in parts]
        self.stack.model.train()
        return torch.stack(each).sum(dim=0) / len(windows)

    @property
    def changing(self) -> tuple[Tensor, ...]:
        """All that a step changes: the weights, and what AdamW remembers."""
        return self.stack.flat, self.mean, self.mean_square, self.num_steps

    def state(self) -> tuple[Tensor, ...]:
        """A copy of all that a step changes."""
        return tuple(tensor.clone() for tensor in self.changing)

    def load(self, state: tuple[Tensor, ...]) -> None:
        """Go back to a state, in place: whoever holds on to the weights sees it."""
        for tensor, value in zip(self.changing, state, strict=True):
            tensor.copy_(value)
