"""The gradient of a batch, and what it is the mean of: each example's own.

An example is one window of T tokens; its loss is the mean over them. The batch's loss is the mean over the examples,
so its gradient is the mean of theirs:

    G = (1/B) sum g_i

Per-example gradients come from the replica axis: n copies of the same weights, each with an example of its own.

Shapes: B batch, T time, P weights of the model.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from core.engine.plans import window_bytes
from core.engine.process import free_bytes
from core.measure.memory import BYTES_PER_NUMBER
from core.measure.reports import GradientReport, OneWeight
from core.model import GPTConfig, ReplicaStack
from core.training import losses_of

MAX_GRADIENT_BYTES = 128 * 2**20  # what per-example gradients may hold at once, where one example alone takes less
COPIES = 6  # numbers a weight that an example takes, at most: its weights, and gradients while they are laid out
MAX_CHUNK = 32  # more at once were no faster (one core; 2 layers, 64 channels, T = 64; and 4 layers of 144)


def chunk_size(gpt_config: GPTConfig, max_bytes: int | None = None) -> int:
    """How many examples at once stay within `max_bytes`, or what is usual and leaves most of the free memory; at least
    one."""
    max_bytes = min(MAX_GRADIENT_BYTES, free_bytes() // 4) if max_bytes is None else max_bytes
    one = BYTES_PER_NUMBER * COPIES * gpt_config.num_parameters + window_bytes(gpt_config)
    return min(MAX_CHUNK, max(1, max_bytes // one))


def per_example_gradients(stack: ReplicaStack, windows: Tensor, chunk: int) -> Iterator[Tensor]:
    """g_i of every window in (B, T + 1), laid out as `stack.flat`: tables of (at most `chunk`, P), in order."""
    for part in windows.split(chunk):
        copies = ReplicaStack([stack.model] * len(part))
        yield copies.flat_gradient(losses_of(copies, part[:, None]))  # (chunk, 1, T + 1): an example a replica


def measure_gradients(stack: ReplicaStack, windows: Tensor) -> GradientReport:
    """The gradient of the model in `stack` on the windows (B, T + 1), taken apart. Memory does not grow with B."""
    gradient = stack.flat_gradient(losses_of(stack, windows[None]))[0]  # (P,)
    places = {name: columns.start + int(gradient[columns].abs().argmax()) for name, columns in stack.columns.items()}
    columns = torch.tensor(list(places.values()), device=gradient.device)
    norms, cosines, parts = [], [], []
    total = torch.zeros_like(gradient)
    for chunk in per_example_gradients(stack, windows, chunk_size(stack.config)):
        norms.append(chunk.norm(dim=1))
        cosines.append(chunk @ gradient / (norms[-1] * gradient.norm()).clamp(min=1e-12))
        parts.append(chunk[:, columns] / len(windows))
        total += chunk.sum(dim=0)
    of_each = torch.cat(parts).cpu().numpy()  # (B, tensors)
    difference = (total / len(windows) - gradient).abs().max() / gradient.norm().clamp(min=1e-12)
    return GradientReport(
        norm=gradient.norm().item(),
        layer_norms=norm_by_layer(stack, gradient),
        norms=torch.cat(norms).cpu().numpy(),
        cosines=torch.cat(cosines).cpu().numpy(),
        largest_difference=difference.item(),
        weights={
            name: OneWeight(stack.index_in_layer(name, place), of_each[:, i])
            for i, (name, place) in enumerate(places.items())
        },
    )


def norm_by_layer(stack: ReplicaStack, vector: Tensor) -> dict[str, float]:
    """The length of each layer's part of a vector (P,), laid out as `stack.flat`; from input to output."""
    squares: dict[str, float] = {}
    for name in stack.model.state_dict():  # in the model's own order
        if name in stack.columns:
            layer = layer_of(name)
            squares[layer] = squares.get(layer, 0.0) + vector[stack.columns[name]].square().sum().item()
    return {layer: square**0.5 for layer, square in squares.items()}


def layer_of(name: str) -> str:
    """The layer that a weight belongs to; a norm belongs to what reads it.

    >>> layer_of("transformer.wte.weight"), layer_of("transformer.h.0.ln_2.bias")
    ('wte', 'h.0.mlp')
    """
    parts = name.removeprefix("transformer.").split(".")
    if parts[0] != "h":
        return parts[0]
    part = {"ln_1": "attn", "ln_2": "mlp"}.get(parts[2], parts[2])
    return f"h.{parts[1]}.{part}"
