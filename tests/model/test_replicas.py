"""The fast path held against the plain one: R models in one call are R models in R calls.

Shapes: R = 3 replicas, B = 2 windows, T = 8.
"""

import pytest
import torch
from torch.nn import functional as F

from core.model import GPT, GPTConfig, ReplicaStack

NUM_REPLICAS = 3


def models(bias=True, num_replicas=NUM_REPLICAS):
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16, bias=bias)
    some = [GPT(config, torch.Generator().manual_seed(seed)) for seed in range(num_replicas)]
    with torch.no_grad():
        for model in some:
            for p in model.parameters():  # biases and norms differ between replicas too
                p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())), alpha=0.1)
    return some


def tokens(*shape):
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(7))


def plain_losses(some, x, y):
    return [F.cross_entropy(m(a).flatten(0, 1), b.flatten()) for m, a, b in zip(some, x, y, strict=True)]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(2, 8), (1, 1), (1, 5)])
def test_a_stack_gives_each_model_its_own_logits(bias, shape):
    some, x = models(bias), tokens(NUM_REPLICAS, *shape)
    expected = torch.stack([model(part) for model, part in zip(some, x, strict=True)])
    torch.testing.assert_close(ReplicaStack(some).model(x), expected, rtol=1e-5, atol=1e-6)
    assert (expected[0] - expected[1]).abs().max() > 0.1


@pytest.mark.parametrize("bias", [True, False])
def test_a_stack_gives_each_model_its_own_gradient(bias):
    some, x, y = models(bias), tokens(NUM_REPLICAS, 2, 8), tokens(NUM_REPLICAS, 2, 8).flip(-1)
    stack = ReplicaStack(some)
    losses = F.cross_entropy(stack.model(x).flatten(0, -2), y.flatten(), reduction="none").view(3, -1).mean(1)
    gradient = stack.flat_gradient(losses)
    for row, model, loss in zip(gradient, some, plain_losses(some, x, y), strict=True):
        own = torch.autograd.grad(loss, [model.get_parameter(name) for name in stack.shapes])
        own = stack.flatten(dict(zip(stack.shapes, own, strict=True)))
        torch.testing.assert_close(row, own, rtol=1e-5, atol=1e-7)
    assert gradient.shape == stack.flat.shape and gradient.norm(dim=1).min() > 0.01


def test_a_replica_is_not_moved_by_what_another_one_reads():
    stack, x = ReplicaStack(models()), tokens(NUM_REPLICAS, 2, 8)
    other = x.clone()
    other[2] = (x[2] + 1) % 11
    torch.testing.assert_close(stack.model(other)[:2], stack.model(x)[:2], rtol=0, atol=1e-6)


def test_one_model_is_not_stacked():
    (model,), x = models(num_replicas=1), tokens(2, 8)
    stack = ReplicaStack([model])
    assert stack.flat.shape == (1, model.config.num_parameters)
    assert torch.equal(stack.model(x), model(x))


def test_the_flat_table_holds_each_weight_once():
    stack = ReplicaStack(models())
    assert stack.flat.shape == (NUM_REPLICAS, stack.config.num_parameters)


def test_the_stack_has_weights_of_its_own():
    some, x = models(), tokens(2, 8)
    before = some[0](x)
    ReplicaStack(some).flat.zero_()
    assert torch.equal(some[0](x), before)


@pytest.mark.parametrize("replica", range(NUM_REPLICAS))
def test_a_view_is_the_model_that_was_put_in(replica):
    some, x = models(), tokens(2, 8)
    torch.testing.assert_close(ReplicaStack(some).view(replica)(x), some[replica](x), rtol=1e-5, atol=1e-6)


def test_a_view_shares_memory_with_the_flat_table():
    stack = ReplicaStack(models())
    view = stack.view(1)
    stack.flat[1].fill_(0.25)
    values = torch.cat([p.flatten() for p in view.parameters()])
    assert (values == 0.25).all() and len(values) == stack.config.num_parameters
    assert view.lm_head.weight is view.transformer.wte.weight


def test_the_stacked_model_shares_memory_with_the_flat_table():
    stack = ReplicaStack(models())
    stack.flat.fill_(0.25)
    assert all((p == 0.25).all() for p in stack.model.parameters())
    assert stack.model.transformer.wte.weight.shape == (NUM_REPLICAS, 11, 16)


def test_a_matrix_of_a_linear_layer_stands_turned_in_the_flat_table():
    stack = ReplicaStack(models())
    matrix = stack.view(2).transformer.h[0].mlp.c_fc.weight  # (out, in)
    assert torch.equal(stack.flat[2, stack.columns["transformer.h.0.mlp.c_fc.weight"]], matrix.T.flatten())
    table = stack.view(2).transformer.wte.weight  # (V, C), also the head's
    assert torch.equal(stack.flat[2, stack.columns["transformer.wte.weight"]], table.flatten())


@pytest.mark.parametrize("name", ["transformer.h.0.mlp.c_fc.weight", "transformer.wpe.weight", "transformer.ln_f.bias"])
def test_a_column_of_the_flat_table_is_found_again_in_its_layer(name):
    stack = ReplicaStack(models())
    layer, column = stack.view(0).get_parameter(name).flatten(), stack.columns[name].start + 13
    assert layer[stack.index_in_layer(name, column)] == stack.flat[0, column]


def test_the_gradient_can_be_written_where_one_likes():
    stack, x = ReplicaStack(models()), tokens(NUM_REPLICAS, 2, 8)
    place = torch.full_like(stack.flat, torch.nan)
    assert stack.flat_gradient(stack.model(x).mean(dim=(1, 2, 3)), out=place) is place
    assert torch.equal(place, stack.flat_gradient(stack.model(x).mean(dim=(1, 2, 3)))) and place.any()


def test_matrices_come_first_in_the_flat_table():
    stack = ReplicaStack(models())
    stack.flat[:, : stack.num_matrix_weights] = 1
    stack.flat[:, stack.num_matrix_weights :] = 2
    values = {p.ndim: p.unique().tolist() for p in stack.view(0).parameters()}
    assert values == {2: [1.0], 1: [2.0]}
