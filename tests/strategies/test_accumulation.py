"""An accumulated gradient is the large batch's."""

import pytest
import torch

from core.model import GPT, GPTConfig, ReplicaStack
from core.strategies import target_lengths
from core.strategies.accumulation import accumulated_gradient, token_sums
from core.training import losses_of

torch.set_num_threads(1)
B, T, V = 12, 8, 11
GENERATOR = torch.Generator().manual_seed(0)
CONFIG = GPTConfig(vocab_size=V, block_size=T, n_layer=2, n_head=2, n_embd=16)
WINDOWS = torch.randint(V, (B, T + 1), generator=GENERATOR)
EVEN, UNEVEN = (torch.from_numpy(target_lengths(kind, 0, 0, 200, T)) for kind in ("even", "uneven"))


def stack_of() -> ReplicaStack:
    return ReplicaStack([GPT(CONFIG, torch.Generator().manual_seed(1))])


def test_uneven_windows_have_every_length_from_one_to_t():
    assert set(UNEVEN.tolist()) == set(range(1, T + 1)) and set(EVEN.tolist()) == {T}
    assert target_lengths("uneven", 0, 5, 3, T).tolist() == UNEVEN[5:8].tolist()


@pytest.mark.parametrize("micro_batch_size", [1, 4, 5, 12])  # 5: the last part is smaller
@pytest.mark.parametrize("lengths", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_loss_and_gradient_are_those_of_one_go(micro_batch_size, lengths):
    stack = stack_of()
    loss, gradient = accumulated_gradient(stack, WINDOWS, lengths[:B], micro_batch_size)
    expected = token_sums(stack, WINDOWS, lengths[:B]).sum() / lengths[:B].sum()
    whole = stack.flat_gradient(expected[None])
    assert whole.norm() > 0.1
    assert (gradient - whole).norm() < 1e-5 * whole.norm()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)


def test_with_all_targets_it_is_the_loss_that_training_takes():
    stack = stack_of()
    loss, _ = accumulated_gradient(stack, WINDOWS, EVEN[:B], 4)
    assert loss.item() == pytest.approx(losses_of(stack, WINDOWS[None]).item(), rel=1e-6)
