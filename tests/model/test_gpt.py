"""The small GPT: the shapes and names of nanoGPT, and never a look ahead."""

import math

import pytest
import torch
from torch.nn import functional as F

from core.model import GPT, GPTConfig

CONFIG = GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=16)


def gpt(config=CONFIG, seed=0):
    return GPT(config, torch.Generator().manual_seed(seed))


def tokens(*shape, seed=0):
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 8)])
def test_logits_are_one_number_a_token_of_the_vocabulary(shape):
    assert gpt()(tokens(*shape)).shape == (*shape, 11)


def test_an_input_longer_than_the_block_is_refused():
    with pytest.raises(ValueError, match="The input has 9 tokens, but the model's block size is 8"):
        gpt()(tokens(1, 9))


def test_a_later_token_leaves_earlier_logits_unmoved():
    x = tokens(1, 8)
    changed = x.clone()
    changed[0, 5] = (x[0, 5] + 1) % 11
    before, after = gpt()(x), gpt()(changed)
    torch.testing.assert_close(after[:, :5], before[:, :5], rtol=0, atol=1e-6)
    assert (after[:, 5:] - before[:, 5:]).abs().amax(dim=(0, 2)).min() > 1e-4  # and it moves its own and later ones


def test_windows_of_a_batch_do_not_meet():
    x = tokens(4, 8)
    alone = torch.cat([gpt()(row[None]) for row in x])
    torch.testing.assert_close(gpt()(x), alone, rtol=1e-5, atol=1e-6)


def test_the_position_of_a_token_matters():
    same = torch.zeros(1, 8, dtype=torch.int64)
    logits = gpt()(same)[0]
    assert (logits[0] - logits[3]).abs().max() > 1e-4


def test_the_same_seed_gives_the_same_weights():
    one, other = gpt(seed=5).state_dict(), gpt(seed=5).state_dict()
    assert len(one) > 10 and all(torch.equal(one[name], other[name]) for name in one)


def test_another_seed_gives_other_weights():
    assert not torch.equal(gpt(seed=0).transformer.wte.weight, gpt(seed=1).transformer.wte.weight)


@pytest.mark.parametrize("bias", [True, False])
def test_num_parameters_is_what_the_model_holds(bias):
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=16, bias=bias)
    assert sum(p.numel() for p in gpt(config).parameters()) == config.num_parameters > 0


def test_the_names_are_those_of_nanogpt():
    layers = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
    inside = {f"transformer.h.{i}.{layer}.{part}" for i in (0, 1) for layer in layers for part in ("weight", "bias")}
    ends = {"transformer.wte.weight", "transformer.wpe.weight", "transformer.ln_f.weight", "transformer.ln_f.bias"}
    assert set(gpt().state_dict()) == inside | ends | {"lm_head.weight"}


def test_the_head_is_the_token_table():
    model = gpt()
    assert model.lm_head.weight is model.transformer.wte.weight


def test_the_first_weights_are_those_of_gpt_2():
    state = gpt(GPTConfig(vocab_size=500, block_size=8, n_layer=2, n_head=2, n_embd=64)).state_dict()
    assert state["transformer.wte.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    assert state["transformer.h.1.attn.c_attn.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    for name in ("attn.c_proj", "mlp.c_proj"):  # what writes to the residual stream, 2 n_layer = 4 times
        assert state[f"transformer.h.1.{name}.weight"].std().item() == pytest.approx(0.02 / math.sqrt(4), rel=0.05)
    assert (state["transformer.h.0.ln_1.weight"] == 1).all()
    assert not any(value.any() for name, value in state.items() if name.endswith("bias"))


def plain_forward(w, x, n_layer, n_head):
    """GPT-2 as in nanoGPT's model.py, written out with its attention as a softmax under a mask."""
    T, C = x.shape[1], w["transformer.wte.weight"].shape[1]
    h = w["transformer.wte.weight"][x] + w["transformer.wpe.weight"][:T]

    def linear(name, t):
        return t @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(name, t):
        centred = t - t.mean(-1, keepdim=True)
        return centred / (t.var(-1, correction=0, keepdim=True) + 1e-5).sqrt() * w[f"{name}.weight"] + w[f"{name}.bias"]

    for i in range(n_layer):
        at = f"transformer.h.{i}"
        q, k, v = linear(f"{at}.attn.c_attn", norm(f"{at}.ln_1", h)).split(C, dim=-1)
        q, k, v = (t.view(*x.shape, n_head, C // n_head).transpose(1, 2) for t in (q, k, v))  # (B, nh, T, hs)
        scores = (q @ k.mT / math.sqrt(C // n_head)).masked_fill(torch.ones(T, T).tril() == 0, -torch.inf)
        h = h + linear(f"{at}.attn.c_proj", (scores.softmax(-1) @ v).transpose(1, 2).reshape(h.shape))
        h = h + linear(f"{at}.mlp.c_proj", F.gelu(linear(f"{at}.mlp.c_fc", norm(f"{at}.ln_2", h))))
    return norm("transformer.ln_f", h) @ w["transformer.wte.weight"].T


def test_logits_equal_a_forward_pass_written_out():
    model, x = gpt(), tokens(3, 8)
    with torch.no_grad():
        for p in model.parameters():  # away from the first weights, where biases are 0 and norms 1
            p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())), alpha=0.3)
        torch.testing.assert_close(model(x), plain_forward(model.state_dict(), x, 2, 2), rtol=1e-4, atol=1e-4)


def test_dropout_works_in_training_and_is_off_in_evaluation():
    model, x = gpt(GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16, dropout=0.5)), tokens(1, 8)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))
