"""Packed rows through a model, and a document beside itself alone."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.batches.packing import IGNORE, PackedBatch, places
from core.model.gpt import GPT


def packed_loss(model: GPT, batch: PackedBatch, device: str) -> Tensor:
    """Nats per target: attention stays within a document, and where nothing follows, nothing is asked."""
    ids, y, positions, segments = (
        torch.from_numpy(rows).to(device) for rows in (batch.ids, batch.y, batch.positions, batch.segments)
    )
    logits = model(ids, positions, segments)  # (B, T, V)
    return F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=IGNORE)


@torch.no_grad()
def difference_alone(
    model: GPT, documents: Sequence[np.ndarray], batch: PackedBatch, device: str, keep_apart: bool
) -> float:
    """The largest difference between a logit of a document in its row, and of the same document alone."""
    ids, positions, segments = (
        torch.from_numpy(rows).to(device) for rows in (batch.ids, batch.positions, batch.segments)
    )
    logits = model(ids, positions, segments if keep_apart else None)  # (B, T, V)
    largest = 0.0
    for row, here, piece in places(batch.plan):
        alone = torch.from_numpy(documents[piece.document][piece.start : piece.stop]).to(device)
        largest = max(largest, (logits[row, here] - model(alone[None])[0]).abs().max().item())
    return largest
