"""Rows that several documents share (`core/batches/packing.py`), on their way through a model.

Two things keep the documents apart: attention that stays within a document, and positions that begin at 0 in each.
The loss is that of any batch, (sum of all token losses) / (number of all targets); where there is no target, there is
no loss.

Shapes: B rows, T slots, V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.batches import IGNORE, PackedBatch
from core.model import GPT
from core.training import token_losses


@dataclass(frozen=True)
class Rows:
    """Packed rows as the model takes them: (B, T) int64 each."""

    ids: Tensor
    y: Tensor
    segments: Tensor
    positions: Tensor

    @classmethod
    def of(cls, batch: PackedBatch, device: torch.device | str = "cpu") -> "Rows":
        arrays = (batch.ids, batch.y, batch.segments, batch.positions)
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))

    def __getitem__(self, rows) -> "Rows":
        """Some of the rows."""
        return Rows(self.ids[rows], self.y[rows], self.segments[rows], self.positions[rows])

    @property
    def num_targets(self) -> Tensor:
        return (self.y != IGNORE).sum()


def logits_of(model: GPT, rows: Rows, mask: bool = True, restart: bool = True) -> Tensor:
    """(B, T, V). Without `mask`, each slot looks at all before it in its row; without `restart`, positions run on
    through the row. A row with one document at its beginning needs neither: what follows it is never looked at."""
    return model(rows.ids, rows.positions if restart else None, rows.segments if mask else None)


def slot_losses(model: GPT, rows: Rows, mask: bool = True, restart: bool = True) -> Tensor:
    """Nats, (B, T): 0 where there is no target."""
    return token_losses(logits_of(model, rows, mask, restart), rows.y)


def packed_loss(model: GPT, rows: Rows, mask: bool = True, restart: bool = True) -> Tensor:
    """Nats per target: the sum over all slots / the number of targets."""
    return slot_losses(model, rows, mask, restart).sum() / rows.num_targets.clamp(min=1)
