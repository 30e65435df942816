"""The product by oneDNN is the one of torch's linear layer, forward and back."""

import pytest
import torch
from torch.nn import functional as F

from core.engine import onednn
from core.model import GPT, GPTConfig, ReplicaStack

pytestmark = pytest.mark.skipif(not onednn.is_available(), reason="this torch has no oneDNN")


@pytest.mark.parametrize("shape", [(5, 8), (3, 7, 8), (2, 3, 4, 8), (1, 8)])
@pytest.mark.parametrize("width", [3, 8, 40])
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("stored", ["out by in", "in by out"])
def test_values_and_gradients(shape, width, has_bias, stored):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, requires_grad=True)
    table = torch.randn((width, 8) if stored == "out by in" else (8, width), generator=generator, requires_grad=True)
    weight = table if stored == "out by in" else table.mT
    bias = torch.randn(width, generator=generator, requires_grad=True) if has_bias else None
    ours, theirs = onednn.linear(x, weight, bias), F.linear(x, weight, bias)
    torch.testing.assert_close(ours, theirs)
    dy = torch.randn(theirs.shape, generator=generator)
    leaves = [leaf for leaf in (x, table, bias) if leaf is not None]
    for one, other in zip(torch.autograd.grad(ours, leaves, dy), torch.autograd.grad(theirs, leaves, dy), strict=True):
        assert one.shape == other.shape
        torch.testing.assert_close(one, other)


def test_a_stack_of_one_takes_it_everywhere_and_a_stack_of_several_does_not(monkeypatch):
    calls = []
    product = onednn.product
    monkeypatch.setattr(onednn, "product", lambda *some: calls.append(some) or product(*some))
    config = GPTConfig(vocab_size=5, block_size=4, n_layer=2, n_head=2, n_embd=8)
    models = [GPT(config, torch.Generator().manual_seed(seed)) for seed in range(2)]
    ids = torch.zeros(1, 4, dtype=torch.int64)
    expected = models[0](ids)
    stack = ReplicaStack(models[:1], product=onednn.linear)
    torch.testing.assert_close(stack.model(ids), expected)
    assert len(calls) == 4 * config.n_layer + 1  # with the head
    ReplicaStack(models, product=onednn.linear).model(ids.expand(2, 1, 4))
    ReplicaStack(models[:1]).model(ids)
    assert len(calls) == 4 * config.n_layer + 1
