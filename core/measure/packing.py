"""Do documents that share a row leave each other alone? Each claim about packing held against the model.

Shapes: B rows, T slots, V vocabulary, N tokens of a document.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from core.batches import IGNORE, PADDING, PackedBatch, pack, places
from core.measure.reports import Leak
from core.model import GPT, ReplicaStack
from core.strategies.packing import Rows, logits_of, packed_loss, slot_losses
from core.training import Trainer, token_losses

BEHIND_CUT = 8  # targets behind a cut that are looked at


def shared_rows(batch: PackedBatch, at_most: int) -> list[int]:
    """The first rows with two documents or more; where there are none, the first rows."""
    shared = [row for row, pieces in enumerate(batch.plan) if len(pieces) > 1]
    return (shared or list(range(len(batch.plan))))[:at_most]


@torch.no_grad()
def differences_alone(model: GPT, documents: Sequence[np.ndarray], batch: PackedBatch, rows: Rows, numbers: list[int]):
    """(restarted, running, largest): the largest difference between a logit of a piece in its row and of the piece
    alone, with positions that restart and that run on; and the largest logit. `rows` are the batch's `numbers`."""
    packed = [logits_of(model, rows, restart=restart) for restart in (True, False)]  # (B, T, V) each
    found = []
    for row, here, piece in places([batch.plan[number] for number in numbers]):
        ids = torch.from_numpy(documents[piece.document][piece.start : piece.stop]).to(rows.ids.device)
        alone = model(ids[None])[0]  # (N, V)
        found.append([(logits[row, here] - alone).abs().max().item() for logits in packed] + [alone.abs().max().item()])
    return np.max(found, axis=0).tolist()


@torch.no_grad()
def leaks_of(model: GPT, rows: Rows, numbers: list[int], generator: torch.Generator) -> tuple[Leak, ...]:
    """What the second document of each row hears of an edit of the first. Rows with one document are left out, as are
    those whose second has no target."""
    first, second = first_and_second(rows.segments)
    targets = second & (rows.y != IGNORE)  # (B, T)
    edited = replace(rows, ids=torch.where(first, others(rows.ids, model.config.vocab_size, generator), rows.ids))
    losses = [slot_losses(model, which, mask=mask) for mask in (True, False) for which in (rows, edited)]
    found = []
    for row, number in enumerate(numbers):
        if not targets[row].any():
            continue
        masked, masked_after, unmasked, unmasked_after = (values[row, targets[row]] for values in losses)
        one, other = (int(rows.segments[row, which[row]][0]) for which in (first, second))
        with_mask, without = moved(masked, masked_after), moved(unmasked, unmasked_after)
        found.append(Leak(number, one, other, *with_mask, *without))
    return tuple(found)


def first_and_second(segments: Tensor) -> tuple[Tensor, Tensor]:
    """Which slots hold a row's first document, and which its second: (B, T) bool each."""
    first = segments == segments[:, :1]
    start = first.sum(dim=1, keepdim=True).clamp(max=segments.shape[1] - 1)  # where the second begins, if there is one
    return first, (segments == segments.gather(1, start)) & ~first & (segments != PADDING)


def others(ids: Tensor, vocab_size: int, generator: torch.Generator) -> Tensor:
    """Another token for each: any but itself."""
    shift = torch.randint(1, max(2, vocab_size), ids.shape, generator=generator).to(ids.device)
    return (ids + shift) % vocab_size


def moved(before: Tensor, after: Tensor) -> tuple[float, float, float]:
    """The two means, and the largest change of one."""
    return before.mean().item(), after.mean().item(), (after - before).abs().max().item()


@torch.no_grad()
def later_losses(model: GPT, rows: Rows) -> list[float]:
    """The loss of the documents that are not first in their row: as it should be, with positions that run on, and
    without the mask."""
    later = (rows.segments != rows.segments[:, :1]) & (rows.y != IGNORE)  # (B, T)
    ways: tuple[dict, ...] = ({}, {"restart": False}, {"mask": False})
    return [slot_losses(model, rows, **way)[later].mean().item() for way in ways]


@torch.no_grad()
def losses_behind_cuts(model: GPT, documents: Sequence[np.ndarray], at_most: int) -> tuple[int, float, float]:
    """(targets, with, without): where documents that would fit into a row are cut end to end, the loss of the first
    targets behind a cut, with their document's beginning before them and without. At most so many cuts."""
    T, device = model.config.block_size, next(model.parameters()).device
    behind = [piece for _, _, piece in places(pack(documents, T, "cut").plan) if piece.start]
    with_context: list[float] = []
    without: list[float] = []
    for piece in [piece for piece in behind if len(documents[piece.document]) <= T][:at_most]:
        ids = torch.from_numpy(documents[piece.document][: piece.stop + 1]).to(device)
        y = ids[piece.start + 1 :][:BEHIND_CUT]
        stop = piece.start + len(y)
        for losses, start in ((with_context, 0), (without, piece.start)):
            if len(y):
                logits = model(ids[None, start:stop])[:, -len(y) :]  # (1, at most 8, V)
                losses += token_losses(logits, y[None]).flatten().tolist()
    if not with_context:
        return 0, np.nan, np.nan
    return len(with_context), float(np.mean(with_context)), float(np.mean(without))


def gradient_difference(stack: ReplicaStack, one: Rows, other: Rows) -> float:
    """|g - g'| / |g| of two ways to lay out the same documents; the first with one document a row."""
    plain = stack.flat_gradient(packed_loss(stack.model, one, mask=False, restart=False)[None])
    packed = stack.flat_gradient(packed_loss(stack.model, other)[None])
    return ((packed - plain).norm() / plain.norm().clamp(min=1e-12)).item()


def step_seconds_of(trainer: Trainer, rows: Rows, packed: bool) -> float:
    """Seconds of one update from these rows; padded ones need no mask: nobody looks at what follows."""
    began = time.perf_counter()
    loss = packed_loss(trainer.stack.model, rows, mask=packed, restart=packed)
    trainer.update(trainer.stack.flat_gradient(loss[None]))
    loss.item()  # waits for the device
    return time.perf_counter() - began
