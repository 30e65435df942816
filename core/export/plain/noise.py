"""How far batches lie from the whole text, at weights that stand still."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.export.plain.gradients import flat_gradient
from core.export.plain.race import loss_of
from core.model.gpt import GPT


@torch.no_grad()
def window_losses(model: GPT, windows: Tensor) -> np.ndarray:
    """The loss of each of the windows (D, T + 1), (D,), in nats per token."""
    found = []
    for part in windows.split(64):
        losses = F.cross_entropy(model(part[:, :-1]).flatten(0, 1), part[:, 1:].flatten(), reduction="none")
        found.append(losses.view(len(part), -1).cpu().double().mean(dim=1))
    return torch.cat(found).numpy()


def measured_noise(
    model: GPT, windows: Tensor, batch_sizes: list[int], num_batches: int, rng: np.random.Generator
) -> list[dict]:
    """The windows (D, T + 1) are all there is: their loss and gradient are the truth. Batches are drawn from them with
    replacement, ten times as many for the loss as for the gradient; noise is the root of the mean square of a batch's
    distance to the truth."""
    losses = window_losses(model, windows)
    parts = windows.split(64)
    truth = sum(flat_gradient(model, loss_of(model, part)) * (len(part) / len(windows)) for part in parts)  # (P,)
    drawn = {b: rng.integers(len(windows), size=(10 * num_batches, b)) for b in batch_sizes}
    found = []
    for b, places in drawn.items():
        off = losses[places].mean(axis=1) - losses.mean()
        squares, cosines = [], []
        for place in places[:num_batches]:
            gradient = flat_gradient(model, loss_of(model, windows[torch.from_numpy(place).to(windows.device)]))
            squares.append((gradient - truth).square().sum().item())
            cosines.append(F.cosine_similarity(gradient, truth, dim=0).item())
        noise = {"loss noise": np.sqrt((off**2).mean()), "gradient noise": np.sqrt(np.mean(squares))}
        found.append({"batch_size": b, **noise, "cosine with the truth": np.mean(cosines)})
    return found
