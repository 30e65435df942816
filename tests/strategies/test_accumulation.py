"""An accumulated gradient is the large batch's."""

import pytest
import torch

from core.model import GPT, GPTConfig, ReplicaStack
from core.strategies.accumulation import accumulated_gradient
from core.training import losses_of

torch.set_num_threads(1)


@pytest.mark.parametrize("micro_batch_size", [1, 4, 5, 12])  # 5: the last part is smaller
def test_loss_and_gradient_are_those_of_one_go(micro_batch_size):
    generator = torch.Generator().manual_seed(0)
    stack = ReplicaStack([GPT(GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=16), generator)])
    windows = torch.randint(11, (12, 9), generator=generator)
    loss, gradient = accumulated_gradient(stack, windows, micro_batch_size)
    expected = losses_of(stack, windows[None])
    whole = stack.flat_gradient(expected)
    assert whole.norm() > 0.1
    assert (gradient - whole).abs().max() < 1e-5 * whole.norm()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
