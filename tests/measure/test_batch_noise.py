"""Noise at frozen weights, against brute force over a small text."""

import numpy as np
import pytest
import torch

from core.batches import all_windows
from core.measure.batch_noise import Population, design_effect
from core.measure.intervals import Kurtosis
from core.measure.noise_scale import from_two_sizes, noise_scale
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import losses_of

T = 8
RNG = np.random.default_rng(7)


def last(passes):
    *_, found = passes
    return found


@pytest.fixture(scope="module")
def population():
    torch.set_num_threads(1)
    config = GPTConfig(vocab_size=11, block_size=T, n_layer=1, n_head=2, n_embd=8)
    stack = ReplicaStack([GPT(config, torch.Generator().manual_seed(0))])
    ids = torch.randint(0, 11, (T * 90 + 1,), generator=torch.Generator().manual_seed(1))
    found = Population(stack, all_windows(ids, T)[::T])
    assert last(found.take_losses()) >= 1.0 and last(found.take_gradient()) == 1.0
    return found


@pytest.fixture(scope="module")
def singles(population) -> torch.Tensor:
    """Every window's own gradient, by a backward pass of its own: (D, P)."""
    stack = population.stack
    return torch.cat([stack.flat_gradient(losses_of(stack, w[None, None])) for w in population.windows])


def test_the_whole_text_is_the_mean_of_its_windows(population, singles):
    every = [losses_of(population.stack, w[None, None]).item() for w in population.windows]
    np.testing.assert_allclose(population.losses, every, rtol=1e-5)
    torch.testing.assert_close(population.gradient, singles.mean(dim=0), rtol=1e-4, atol=1e-6)


def test_a_batch_through_the_model_has_the_loss_and_gradient_of_its_windows(population, singles):
    drawn = population.draw(RNG, 5, 6)
    found = last(population.take_batches(drawn))[1]
    np.testing.assert_allclose(found.losses, population.losses[drawn].mean(axis=1), rtol=1e-5)
    batches = singles[torch.from_numpy(drawn)].mean(dim=1)  # (5, P)
    np.testing.assert_allclose(found.norms, batches.norm(dim=1), rtol=1e-4)
    np.testing.assert_allclose(found.squares, (batches - population.gradient).square().sum(1), rtol=1e-3)
    cosines = torch.cosine_similarity(batches, population.gradient[None])
    np.testing.assert_allclose(found.cosines, cosines, rtol=1e-4)


def test_window_by_window_finds_the_text_s_own_covariance(population, singles):
    found = last(population.take_examples(population.draw(RNG, 200, 16)))[1]
    trace = (singles - population.gradient).square().sum(1).mean().item()
    for values, truth in ((found.grad_sq_norms, population.gradient.square().sum().item()), (found.trace_covs, trace)):
        assert abs(values.mean() - truth) < 3 * values.std() / len(values) ** 0.5
    products = (singles - population.gradient) @ (singles - population.gradient).T
    assert found.kurtosis.single == pytest.approx((products.diagonal().var() / trace**2).item(), rel=0.2)
    assert found.kurtosis.pair == pytest.approx(2 * (products.square().mean() / trace**2).item(), rel=0.2)


@pytest.mark.slow
def test_the_two_batch_sizes_agree_with_window_by_window_on_a_gpt(population):
    found = last(population.take_examples(population.draw(RNG, 200, 16)))[1]
    squares = [(last(population.take_batches(population.draw(RNG, 400, b)))[1].norms ** 2).mean() for b in (2, 32)]
    scale = noise_scale(found.grad_sq_norms, found.trace_covs)
    grad_sq, trace = from_two_sizes(*squares, 2, 32)
    assert scale.estimate.low * 0.9 < trace / grad_sq < scale.estimate.high * 1.1


def test_without_replacement_no_window_is_twice_in_a_batch(population):
    drawn = population.draw(RNG, 50, len(population), replacement=False)
    assert all(len(set(row)) == len(population) for row in drawn.tolist())


def test_windows_of_independent_tokens_have_a_design_effect_of_one():
    losses = np.random.default_rng(0).normal(size=(20_000, 16)) + np.arange(16)  # position means do not count
    assert design_effect(losses) == pytest.approx(1.0, rel=0.05)
    assert design_effect(np.repeat(losses[:, :1], 16, axis=1)) == pytest.approx(16.0)


def test_kurtosis_of_the_losses(population):
    values = population.losses - population.losses.mean()
    kurtosis = (values**4).mean() / (values**2).mean() ** 2
    assert Kurtosis.of_numbers(population.losses).single == pytest.approx(kurtosis - 1)
