"""What a step asks of its device, against counts by hand and against steps whose cost is known."""

import numpy as np
import pytest
import torch

from core.measure.activations import activation_bytes
from core.measure.capacity import out_of_memory, peak_bytes, product_flops_per_second, step_flops
from core.measure.memory import largest_batch, line_through
from core.measure.step_time import fit_step_time
from core.measure.targets import is_resolved
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import TrainConfig, Trainer

V, T, C = 11, 8, 16


def trainer_of(n_layer=1):
    config = GPTConfig(vocab_size=V, block_size=T, n_layer=n_layer, n_head=2, n_embd=C)
    return Trainer(ReplicaStack([GPT(config, torch.Generator().manual_seed(0))]), TrainConfig(), 4, 10_000)


def windows(batch_size):
    return torch.zeros(1, batch_size, T + 1, dtype=torch.int64)


@pytest.mark.parametrize("n_layer", [1, 2])
def test_operations_by_hand(n_layer):
    # a token meets each weight of a matrix once in forward and twice in backward, a multiplication and an addition
    # each; the first matrix too, for what goes into it comes from the tables
    matrices = n_layer * 12 * C * C + V * C  # q, k, v, projection, MLP; the head
    assert step_flops(trainer_of(n_layer), windows(3)) == 3 * 2 * matrices * 3 * T


def test_the_peak_is_at_least_what_backward_needs_and_grows_with_the_batch_by_the_window():
    trainer = trainer_of()
    for batch_size in (16, 64, 256):
        kept, peak = activation_bytes(trainer.stack, windows(batch_size)), peak_bytes(trainer, windows(batch_size))
        assert kept < peak < 1.5 * kept
    a, b, c = (peak_bytes(trainer, windows(size)) for size in (100, 200, 300))
    assert c - b == b - a > 0


def test_the_peak_of_a_known_step():
    class Known:
        stack = trainer_of().stack

        def step(self, windows):
            first = torch.empty(1000, dtype=torch.uint8)
            second = torch.empty(500, dtype=torch.uint8)  # 1,500 are held now
            del first
            third = torch.empty(800, dtype=torch.uint8)  # and 1,300 now
            return second, third

    assert peak_bytes(Known(), windows(1)) == 1500 + 8 * (T + 1)  # and the window itself


def test_looking_at_the_peak_says_nothing(capfd):
    peak_bytes(trainer_of(), windows(4))
    torch.ones(3).sum()
    assert capfd.readouterr() == ("", "")


def test_a_product_has_a_speed():
    assert 1e8 < product_flops_per_second(torch.device("cpu")) < 1e14


@pytest.mark.parametrize("make", [lambda: torch.empty(2**60), lambda: np.empty(2**50)])
def test_what_does_not_fit_is_told_from_other_errors(make):
    with pytest.raises((RuntimeError, MemoryError)) as refused:
        make()
    assert out_of_memory(refused.value)
    assert not out_of_memory(RuntimeError("shapes do not match")) and not out_of_memory(ValueError("no"))


# ---- lines


def test_the_largest_batch_by_hand():
    peaks = {1: 60.0, 2: 70.0, 4: 90.0}  # 50 and 10 a window
    assert line_through(peaks, 10) == 150 and line_through(peaks, 3) == 80 and line_through(peaks, 1) == 60
    assert [largest_batch(peaks, budget) for budget in (149, 150, 159, 160)] == [9, 10, 10, 11]


@pytest.mark.parametrize("high", [60.0, 59.0])
def test_a_line_that_does_not_rise_has_no_end_and_still_an_answer(high):
    assert largest_batch({1: 60.0, 2: high}, budget_bytes=70) >= 2**39


def test_between_two_sizes_the_line_between_them_counts():
    peaks = {1: 80.0, 2: 81.0, 4: 90.0, 8: 130.0}  # the line through the last two would say 60 for one window
    assert [largest_batch(peaks, budget) for budget in (79, 80, 81, 85, 90, 100, 130)] == [0, 1, 2, 2, 4, 5, 8]


def test_a_step_s_time_is_fitted():
    sizes = np.repeat([1, 4, 16, 64, 256], 3)
    fit = fit_step_time(sizes, 2e-3 + 5e-4 * sizes)
    assert fit.step_seconds.value == pytest.approx(2e-3, rel=1e-4)
    assert fit.window_seconds.value == pytest.approx(5e-4, rel=1e-4)
    assert fit.knee.value == pytest.approx(4, rel=1e-4)
    assert fit.seconds(np.array([4]))[0] == pytest.approx(4e-3, rel=1e-4)
    assert fit.residual < 1e-6


def test_a_point_that_lies_off_the_line_is_told():
    sizes = np.array([1, 4, 16, 64, 256])
    seconds = (2e-3 + 5e-4 * sizes) * np.array([1, 1, 1.1, 1, 1])
    assert 0.05 < fit_step_time(sizes, seconds).residual < np.log(1.1)


def test_the_interval_of_the_knee_holds_the_truth_about_as_often_as_it_says():
    rng, sizes, held = np.random.default_rng(0), np.array([1, 2, 4, 8, 16, 32, 64, 128, 256]), 0
    for _ in range(200):
        fit = fit_step_time(sizes, (2e-3 + 5e-4 * sizes) * np.exp(rng.normal(0, 0.05, len(sizes))))
        held += fit.knee.contains(4)
    assert 0.91 <= held / 200 <= 0.99


@pytest.mark.parametrize("seconds", [lambda b: 1e-3 + 0 * b, lambda b: 1e-3 * b])
def test_times_without_a_bend_have_no_knee(seconds):
    sizes = np.array([1.0, 4, 16, 64])
    fit = fit_step_time(sizes, seconds(sizes))
    assert fit is None or not is_resolved(fit.knee)
