"""Per-example gradients: by hand on a model of two tokens, and against B separate backward passes."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from core.measure.gradients import chunk_size, layer_of, measure_gradients, norm_by_layer, per_example_gradients
from core.model import GPT, GPTConfig, ReplicaStack
from tests.measure.two_tokens import BIAS_MEAN, BIAS_OTHER, BIAS_SAME, two_token_stack

B, T, V = 6, 8, 11
BIAS = "transformer.ln_f.bias"


def a_stack() -> ReplicaStack:
    config = GPTConfig(vocab_size=V, block_size=T, n_layer=2, n_head=2, n_embd=16)
    return ReplicaStack([GPT(config, torch.Generator().manual_seed(3))])


def windows_of(batch_size):
    return torch.randint(V, (batch_size, T + 1), generator=torch.Generator().manual_seed(7))


def backward(windows) -> dict[str, torch.Tensor]:
    """The gradient of the mean loss by `.backward()` on a plain model, by name."""
    model = a_stack().model
    F.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten()).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@pytest.mark.parametrize("chunk", [1, 4, 16])
def test_per_example_gradients_equal_separate_backward_passes(chunk):
    stack, windows = a_stack(), windows_of(B)
    found = torch.cat(list(per_example_gradients(stack, windows, chunk)))
    expected = torch.stack([stack.flatten(backward(window[None])) for window in windows])
    assert found.shape == expected.shape == (B, stack.flat.shape[1])
    assert (found - expected).abs().max() < 1e-5 < expected.abs().max()


@pytest.mark.parametrize("chunk", [1, 4, 16])
def test_their_mean_equals_the_gradient_of_the_batch(chunk):
    stack, windows = a_stack(), windows_of(B)
    mean = torch.cat(list(per_example_gradients(stack, windows, chunk))).mean(dim=0)
    expected = stack.flatten(backward(windows))
    assert (mean - expected).abs().max() < 1e-5 < expected.abs().max()


def test_gradients_by_hand():
    stack, windows = two_token_stack(), torch.tensor([[0, 0], [0, 1]])  # after 0 comes 0; after 0 comes 1
    found = torch.cat(list(per_example_gradients(stack, windows, 2)))[:, stack.columns[BIAS]]
    assert found.tolist() == [pytest.approx(BIAS_SAME, abs=1e-4), pytest.approx(BIAS_OTHER, abs=1e-4)]


def test_one_weight_as_a_sum_over_examples_by_hand():
    weight = measure_gradients(two_token_stack(), torch.tensor([[0, 0], [0, 1]])).weights[BIAS]
    sign = 1 if weight.index == 0 else -1
    assert weight.parts == pytest.approx(sign * np.array([BIAS_SAME[0] / 2, BIAS_OTHER[0] / 2]), abs=1e-4)
    assert weight.parts.sum() == pytest.approx(sign * BIAS_MEAN[0], abs=1e-4)


def test_the_report_agrees_with_separate_backward_passes():
    stack, windows = a_stack(), windows_of(B)
    report = measure_gradients(stack, windows)
    each = torch.stack([stack.flatten(backward(window[None])) for window in windows])
    whole = stack.flatten(backward(windows))
    assert report.norm == pytest.approx(whole.norm().item(), rel=1e-5)
    assert report.norms == pytest.approx(each.norm(dim=1).numpy(), rel=1e-5)
    assert report.cosines == pytest.approx(F.cosine_similarity(each, whole[None]).numpy(), abs=1e-5)
    assert report.largest_difference < 1e-5


def test_one_example_agrees_with_itself():
    report = measure_gradients(a_stack(), windows_of(1))
    assert report.cosines == pytest.approx([1.0], abs=1e-5) and report.norms == pytest.approx([report.norm], rel=1e-5)


def test_the_layers_together_have_the_length_of_the_whole():
    stack = a_stack()
    norms = norm_by_layer(stack, stack.flat[0])
    assert list(norms) == ["wte", "wpe", "h.0.attn", "h.0.mlp", "h.1.attn", "h.1.mlp", "ln_f"]
    assert sum(norm**2 for norm in norms.values()) == pytest.approx(stack.flat.square().sum().item(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("transformer.wte.weight", "wte"),
        ("transformer.h.1.ln_1.weight", "h.1.attn"),
        ("transformer.h.0.mlp.c_fc.bias", "h.0.mlp"),
        ("transformer.ln_f.bias", "ln_f"),
    ],
)
def test_each_weight_has_its_layer(name, layer):
    assert layer_of(name) == layer


def test_a_large_model_is_taken_in_chunks_that_stay_within_the_bound():
    million = GPTConfig(vocab_size=100, block_size=64, n_layer=4, n_head=4, n_embd=144)
    assert million.num_parameters > 1_000_000
    assert 1 <= chunk_size(million) < 16 and chunk_size(million, max_bytes=1) == 1
