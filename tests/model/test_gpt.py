"""The model: its shapes, its names, what it may not see, and several of it held against one."""

import pytest
import torch
from torch.nn import functional as F

from core.model import GPT, GPTConfig, ReplicaStack, trace_shapes, write

CONFIG = GPTConfig(vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8)
X = torch.randint(0, 11, (3, 6), generator=torch.Generator().manual_seed(0))


def gpt(seed=0, config=CONFIG) -> GPT:
    return GPT(config, torch.Generator().manual_seed(seed))


def test_ids_in_logits_out():
    assert gpt()(X).shape == (3, 6, 11)
    assert gpt()(X[:, :2]).shape == (3, 2, 11)


def test_no_position_sees_the_future():
    changed = X.clone()
    changed[:, 4] = (changed[:, 4] + 1) % 11
    before, after = gpt()(X), gpt()(changed)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_the_seed_makes_the_weights():
    same, other = gpt(0).state_dict(), gpt(1).state_dict()
    assert all(torch.equal(weight, same[name]) for name, weight in gpt(0).state_dict().items())
    assert any(not torch.equal(weight, same[name]) for name, weight in other.items())


@pytest.mark.parametrize("bias", [True, False])
def test_the_number_of_parameters_is_known_before(bias):
    config = GPTConfig(vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, bias=bias)
    assert config.num_parameters == sum(p.numel() for p in gpt(config=config).parameters())


def test_parts_are_named_as_in_nanogpt():
    names = set(gpt().state_dict())
    layer = {f"transformer.h.1.{n}" for n in ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")}
    assert {f"{n}.weight" for n in layer} | {
        "transformer.wte.weight",
        "transformer.ln_f.bias",
        "lm_head.weight",
    } <= names
    assert gpt().lm_head.weight is not None
    model = gpt()
    assert model.lm_head.weight is model.transformer.wte.weight


def test_an_untrained_model_guesses_about_uniformly():
    loss = F.cross_entropy(gpt()(X).flatten(0, 1), X.roll(1).flatten())
    assert abs(loss.item() - 2.398) < 0.05  # ln 11


@pytest.mark.parametrize(
    "sizes, sentence",
    [({"n_head": 3}, "shared equally"), ({"n_layer": 0}, "at least 1"), ({"dropout": 1.0}, "below 1")],
)
def test_sizes_that_do_not_fit_are_refused(sizes, sentence):
    with pytest.raises(ValueError, match=sentence):
        GPTConfig(**{"vocab_size": 11, "n_embd": 8, "n_head": 2} | sizes)


def test_an_input_longer_than_the_block_is_refused():
    with pytest.raises(ValueError, match="7 tokens, but the model's block size is 6"):
        gpt()(torch.zeros(1, 7, dtype=torch.int64))


# ---- several models as one


def test_a_stack_gives_each_models_own_logits_and_gradients():
    models = [gpt(seed) for seed in range(3)]
    stack = ReplicaStack(models)
    x = torch.stack([X, X.flip(0), X.flip(1)])  # each replica its own batch
    logits = stack.model(x)
    losses = F.cross_entropy(logits.flatten(0, -2), x.flatten(), reduction="none").view(3, -1).mean(1)
    gradients = stack.flat_gradient(losses)
    for r, model in enumerate(models):
        own = model(x[r])
        torch.testing.assert_close(logits[r], own, rtol=1e-5, atol=1e-6)
        F.cross_entropy(own.flatten(0, 1), x[r].flatten()).backward()
        named = dict(model.named_parameters())
        flat = torch.cat([named[name].grad.flatten() for name in stack.shapes])
        torch.testing.assert_close(gradients[r], flat, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("num", [1, 3])
def test_a_view_of_one_replica_is_that_model_on_shared_weights(num):
    models = [gpt(seed) for seed in range(num)]
    stack = ReplicaStack(models)
    view = stack.view(num - 1)
    torch.testing.assert_close(view(X), models[-1](X))
    stack.flat.zero_()
    assert view.transformer.wte.weight.abs().sum() == 0


def test_writing_is_reproducible_and_in_the_vocabulary():
    one, again = (write(gpt(), X[0, :1], 20, torch.Generator().manual_seed(5)) for _ in range(2))
    assert one.tolist() == again.tolist() and len(one) == 20
    assert all(0 <= token < 11 for token in one.tolist())


# ---- shapes


def rows(batch_size=3, num_steps=6):
    return trace_shapes(CONFIG, batch_size, num_steps)


def test_sizes_that_come_from_b_and_t_are_found():
    known = {(r["module"], r["operation"]): (r["shape"], r["dims"]) for r in rows()}
    assert known["transformer.wte", "embedding"] == ([3, 6, 8], ["B", "T", ""])
    attention = known["transformer.h.0.attn", "scaled_dot_product_attention"]
    assert attention == ([3, 2, 6, 4], ["B", "", "T", ""])
    assert known["lm_head", "linear"] == ([3, 6, 11], ["B", "T", ""])
    assert ["B*T", ""] in [r["dims"] for r in rows()]  # the logits, flattened for the loss
    assert known["", "cross_entropy"] == ([], [])


def test_equal_sizes_are_told_apart():
    x = trace_shapes(GPTConfig(vocab_size=8, block_size=8, n_layer=1, n_head=1, n_embd=8), 8, 8)
    assert next(r for r in x if r["module"] == "lm_head")["dims"] == ["B", "T", ""]


def test_bytes_and_parameters_add_up():
    linear = next(r for r in rows() if r["module"] == "lm_head")
    assert linear["num_bytes"] == 3 * 6 * 11 * 4 and not linear["is_view"]
    total = sum(r["num_parameters"] * r["repeats"] for r in rows())
    assert total == CONFIG.num_parameters + 11 * 8  # the shared table takes part twice


@pytest.mark.parametrize("batch_size, num_steps", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_any_size_can_be_traced(batch_size, num_steps):
    assert rows(batch_size, num_steps)[0]["shape"] == [batch_size, num_steps]
    assert len(rows(batch_size, num_steps)) == len(rows())  # also where T is the number of heads
