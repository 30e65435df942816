"""What a model says at every position, on a model of two tokens worked out by hand (`two_tokens.py`)."""

import numpy as np
import pytest
import torch

from core.measure.predictions import TOP, predict, prefix_losses, some_rows
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import TrainConfig, Trainer
from tests.measure.two_tokens import OTHER, SAME, two_token_stack

WINDOWS = torch.tensor([[0, 0, 0, 1], [1, 0, 1, 0]])  # (2, T + 1)


@pytest.fixture(scope="module")
def model():
    return GPT(GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=16), torch.Generator().manual_seed(1))


def windows_of(batch_size):
    return torch.randint(11, (batch_size, 9), generator=torch.Generator().manual_seed(0))


def test_every_cell_by_hand():
    found = predict(two_token_stack(block_size=3).model, WINDOWS, max_cells=6)
    assert found.losses == pytest.approx(np.array([[SAME, SAME, OTHER], [OTHER, OTHER, OTHER]]), abs=1e-4)


def test_the_loss_is_the_mean_of_the_cells_by_hand():
    found = predict(two_token_stack(block_size=3).model, WINDOWS, max_cells=6)
    assert found.loss == pytest.approx((2 * SAME + 4 * OTHER) / 6, abs=1e-4)


def test_the_likeliest_tokens_by_hand():
    found = predict(two_token_stack(block_size=3).model, WINDOWS, max_cells=6)
    assert found.top_ids[1].tolist() == [[1, 0], [0, 1], [1, 0]]  # the token itself, then the other
    assert found.top_probabilities[1, 0] == pytest.approx([0.73106, 0.26894], abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_of_the_cells_is_the_loss_that_training_takes_to_the_last_digit_shown(seed):
    config = GPTConfig(vocab_size=50, block_size=64, n_layer=1, n_head=2, n_embd=16)
    stack = ReplicaStack([GPT(config, torch.Generator().manual_seed(seed))])
    windows = torch.randint(50, (32, 65), generator=torch.Generator().manual_seed(seed))
    found = predict(stack.model, windows, max_cells=4096)
    loss = Trainer(stack, TrainConfig(), 16).step(windows[None]).item()
    assert f"{found.loss:.4f}" == f"{loss:.4f}"
    assert found.losses.mean(dtype=float) == pytest.approx(loss, abs=1e-6)


def test_probabilities_are_those_of_a_softmax(model):
    windows = windows_of(3)
    found = predict(model, windows, max_cells=24)
    expected = model(windows[:, :-1]).softmax(dim=-1).sort(dim=-1, descending=True).values[..., :TOP]
    assert found.top_probabilities == pytest.approx(expected.detach().numpy(), abs=1e-6)


def test_a_batch_too_large_to_draw_gives_its_worst_and_its_best_rows(model):
    found = predict(model, windows_of(6), max_cells=32)  # four rows of 8
    order = found.losses.mean(axis=1).argsort()
    assert found.losses.shape == (6, 8)
    assert found.rows.tolist() == [*order[::-1][:2], *order[::-1][-2:]] and found.top_ids.shape == (4, 8, TOP)


def test_rows_that_can_be_drawn_keep_their_order():
    assert some_rows(torch.tensor([1.0, 3.0, 2.0]), 3).tolist() == [0, 1, 2]


def test_positions_asked_alone_lose_what_they_lose_in_one_pass(model):
    windows = windows_of(1)
    assert prefix_losses(model, windows[0], 8) == pytest.approx(predict(model, windows, 8).losses[0], abs=1e-5)


def test_positions_asked_alone_by_hand():
    alone = prefix_losses(two_token_stack(block_size=3).model, WINDOWS[0], 2)
    assert alone == pytest.approx(np.array([SAME, SAME]), abs=1e-4)
