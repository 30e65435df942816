"""The loss of rows with documents: every target counts once, whatever the rows."""

import numpy as np
import pytest
import torch

from core.batches import pack
from core.model import GPT, GPTConfig, ReplicaStack
from core.strategies.packing import Rows, packed_loss, slot_losses
from core.training import token_losses

V, T = 11, 16
DOCUMENTS = [np.random.default_rng(n).integers(0, V, n) for n in (4, 8, 5, 11)]
CONFIG = GPTConfig(vocab_size=V, block_size=T, n_layer=2, n_head=2, n_embd=16)


def stack():
    return ReplicaStack([GPT(CONFIG, torch.Generator().manual_seed(0))])


def rows(strategy="best-fit", documents=DOCUMENTS):
    return Rows.of(pack(documents, T, strategy))


def test_the_loss_is_the_mean_over_all_targets_of_all_documents():
    model, sums = stack().model, 0.0
    for document in DOCUMENTS:
        ids = torch.from_numpy(document)[None]
        sums += token_losses(model(ids[:, :-1]), ids[:, 1:]).sum().item()
    assert packed_loss(model, rows()).item() == pytest.approx(sums / (3 + 7 + 4 + 10), abs=1e-5)


def test_slots_without_a_target_have_no_loss():
    losses, packed = slot_losses(stack().model, rows()), rows()
    assert (losses == 0).sum() == (packed.y < 0).sum() == 32 - 24


def test_padded_and_packed_have_one_gradient():
    both = stack()
    padded = both.flat_gradient(packed_loss(both.model, rows("pad"), mask=False, restart=False)[None])
    packed = both.flat_gradient(packed_loss(both.model, rows())[None])
    assert ((packed - padded).norm() / padded.norm()).item() < 1e-5


def test_documents_without_a_target_have_no_loss():
    assert packed_loss(stack().model, rows(documents=[np.array([1]), np.array([2])])).item() == 0
