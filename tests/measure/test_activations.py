"""What a forward pass keeps, against a count by hand."""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from core.measure.activations import activation_bytes, state_bytes
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import TrainConfig, Trainer


def stack_of(n_layer: int, V: int = 11, T: int = 8, C: int = 16, nh: int = 2) -> ReplicaStack:
    config = GPTConfig(vocab_size=V, block_size=T, n_layer=n_layer, n_head=nh, n_embd=C)
    return ReplicaStack([GPT(config, torch.Generator().manual_seed(0))])


def by_hand(n_layer: int, B: int, V: int = 11, T: int = 8, C: int = 16, nh: int = 2) -> int:
    norm = 2 * C + 2  # what goes in, what comes out (the next layer's input), a mean and a spread
    attention = 3 * C + C + nh  # q, k, v; what comes out; the logarithm of a sum for each head
    mlp = 4 * C + 4 * C  # before and after GELU
    numbers = B * T * (n_layer * (2 * norm + attention + mlp) + norm + V)  # V: log-probabilities
    ids = B * (T + 1) + B * T * (B > 1) + T  # the windows, y in one piece (one row is so already), the positions
    return 4 * numbers + 8 * ids + 4  # float32, int64, and the number of targets


@pytest.mark.parametrize("n_layer", [1, 2])
@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_the_bytes_are_those_counted_by_hand(n_layer, batch_size):
    windows = torch.zeros(1, batch_size, 9, dtype=torch.int64)
    assert activation_bytes(stack_of(n_layer), windows) == by_hand(n_layer, batch_size)


@pytest.mark.parametrize("num_replicas", [1, 2])
def test_nothing_is_held_when_the_bytes_are_counted(num_replicas):
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16)
    stack, held = ReplicaStack([GPT(config) for _ in range(num_replicas)]), []
    assert held_after(lambda: held.append(torch.ones(10))) == 40
    assert held_after(lambda: activation_bytes(stack, torch.zeros(num_replicas, 16, 9, dtype=torch.int64))) == 0


def held_after(function) -> int:
    """Bytes of tensors that were made in a call and not given back, as torch's profiler tells."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        function()
    events = profiled.profiler.kineto_results.events()
    return sum(event.nbytes() for event in events if event.name() == "[memory]")


def test_weights_gradients_and_adam_take_sixteen_bytes_a_parameter():
    stack = stack_of(1)
    trainer = Trainer(stack, TrainConfig(), batch_size=4)
    trainer.step(torch.zeros(1, 4, 9, dtype=torch.int64))
    held, weights = state_bytes(trainer), 4 * stack.config.num_parameters
    assert (held["weights"], held["gradients"]) == (weights, weights)
    assert 2 * weights <= held["optimizer"] <= 2 * weights + 16  # and the number of steps
