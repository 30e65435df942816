"""Loss noise from simulated curves whose noise is known; time and memory."""

import numpy as np
import pytest
import torch

from core.engine.plans import window_bytes
from core.engine.trainer import CapturedTrainer
from core.measure.activations import activation_bytes
from core.measure.memory import Machine, race_bytes
from core.measure.noise import NUM_BINS, LossNoise
from core.measure.throughput import step_seconds
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import ExecutionPlan, TrainConfig, Trainer

SMALL = GPTConfig(vocab_size=5, block_size=4, n_layer=1, n_head=1, n_embd=4)


def bytes_of(gpt_config: GPTConfig, config: TrainConfig, device: str = "cpu", num_threads: int = 1) -> int:
    machine = Machine(devices={device: 2**30}, gpu_bytes=2**33, num_threads=num_threads)
    return race_bytes(gpt_config, config, machine)


def curve(sigma: float, num_steps: int = 2000, num_runs: int = 3, seed: int = 0, slope: float = -1e-3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 4 + slope * np.arange(num_steps)[:, None] + rng.normal(0, sigma, (num_steps, num_runs))


def estimate(losses: np.ndarray, size: int = 50):
    noise = LossNoise(*losses.shape)
    for first in range(0, len(losses), size):
        noise.add(losses[first : first + size])
    return noise.pooled()


def test_the_noise_is_found_under_a_trend():
    losses = curve(0.1)
    found = estimate(losses)
    assert found.contains(0.1)
    assert found.value == pytest.approx(0.1, rel=0.05)
    assert losses[500:].std() > 0.3  # the plain spread is mostly trend


def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(200):
        found = estimate(curve(0.1, num_steps=120, num_runs=2, seed=seed))
        held += found.contains(0.1)
    assert 0.90 <= held / 200 <= 0.99


def test_the_interval_knows_of_long_tails():
    rng, held = np.random.default_rng(0), 0
    for _ in range(300):
        found = estimate(4 + 0.1 * (rng.exponential(1, (240, 3)) - 1))  # an excess kurtosis of 6
        held += found.contains(0.1)
    assert held / 300 > 0.88  # 0.78 with the degrees of freedom of normal noise


@pytest.mark.parametrize("size", [1, 2, 7, 2000])
def test_blocks_may_be_cut_anyhow(size):
    losses = curve(0.1)
    assert estimate(losses, size).value == pytest.approx(estimate(losses).value, rel=1e-9)


def test_one_run_of_several_is_estimated_by_itself():
    losses = np.hstack([curve(0.1, num_runs=1), curve(0.4, num_runs=1, seed=1)])
    noise = LossNoise(*losses.shape)
    noise.add(losses)
    assert [noise.of_run(r).value for r in (0, 1)] == pytest.approx([0.1, 0.4], rel=0.05)
    assert noise.pooled().value == pytest.approx(((0.1**2 + 0.4**2) / 2) ** 0.5, rel=0.05)


@pytest.mark.parametrize("size", [1, 7, 2000])
def test_the_fall_of_the_loss_is_told_beside_its_noise(size):
    losses = curve(0.01, slope=-0.02)
    losses[1500:, 0] = np.nan
    assert estimate(losses, size).drift == pytest.approx(0.02, rel=0.01)


def test_second_differences_by_hand():
    # 0 1 0 1 ...: each second difference is 2 or -2, so sigma^2 = 4 / 6
    assert estimate(np.arange(400)[:, None] % 2.0).value == pytest.approx((4 / 6) ** 0.5)


def test_a_straight_line_has_no_noise_to_estimate():
    assert estimate(np.arange(400.0)[:, None]) is None


def test_lag_one_tells_correlated_noise():
    assert abs(estimate(curve(0.1, slope=0)).lag1) < 0.1
    rng = np.random.default_rng(0)
    white = rng.normal(0, 0.1, (20_001, 1))
    assert estimate(white[1:] + 0.5 * white[:-1]).lag1 == pytest.approx(0.4, abs=0.06)  # 0.5 / (1 + 0.5^2)


def test_the_first_quarter_is_left_out():
    losses = curve(0.1)
    losses[:450] += np.random.default_rng(1).normal(0, 50, (450, 3))
    assert estimate(losses).value == pytest.approx(0.1, rel=0.05)


def test_a_run_that_diverged_counts_until_its_end():
    losses = curve(0.1)
    losses[1200:, 0] = np.nan
    found = estimate(losses)
    assert found.value == pytest.approx(0.1, rel=0.05)
    assert found.num_differences < estimate(curve(0.1)).num_differences


def test_24_second_differences_are_enough_and_23_are_not():
    # 32 steps: the first 8 are left out, and each later one gives a second difference
    assert estimate(curve(0.1, num_steps=32, num_runs=1)).num_differences == 24
    assert estimate(curve(0.1, num_steps=31, num_runs=1)) is None


def test_too_few_steps_say_nothing():
    assert estimate(curve(0.1, num_steps=6)) is None


def test_the_footprint_does_not_grow_with_the_run():
    noise = LossNoise(1_000_000, 3)
    for _ in range(10):
        noise.add(curve(0.1, num_steps=100_000))
    assert noise.step == 1_000_000 and noise.pooled().num_differences == 3 * 750_000
    assert noise.sums.shape == (5, NUM_BINS, 3) and noise.last.shape == (3, 3)


EXECUTION = ExecutionPlan(batch_size=2, micro_batch_size=2)


def test_a_step_takes_time():
    assert 0 < step_seconds(SMALL, TrainConfig(), EXECUTION, torch.device("cpu")) < 5


def test_the_time_of_a_step_is_the_median_and_the_first_two_do_not_count(monkeypatch):
    took = iter([0.01, 0.03, 0.02, 0.5])  # the last one is over the limit of 0.15 s, and a median does not mind it
    clock = [0.0]

    def now():
        now.calls += 1
        if now.calls % 2 == 0:  # a step lies between two looks at the clock
            clock[0] += next(took)
        return clock[0]

    now.calls = 0
    monkeypatch.setattr("core.measure.throughput.time.perf_counter", now)
    steps = []
    monkeypatch.setattr(CapturedTrainer, "capture", lambda *_: None)
    monkeypatch.setattr(Trainer, "step", lambda *_: steps.append(1) or torch.zeros(1))
    assert step_seconds(SMALL, TrainConfig(), EXECUTION, torch.device("cpu")) == pytest.approx(0.025)
    assert len(steps) == 2 + 4


def test_memory_by_hand():
    one = TrainConfig(batch_sizes=(1,), num_seeds=1).unsplit()
    # 288 weights, 12 numbers each; 4 tokens of (34 x 4 channels + 4 x 5 tokens) numbers; 4 bytes a number
    assert SMALL.num_parameters == 288
    assert bytes_of(SMALL, one) == 4 * (288 * 12 + 4 * (34 * 4 + 4 * 5))


def test_every_run_holds_its_weights_and_the_largest_batch_its_activations():
    config = TrainConfig(batch_sizes=(1, 2, 8), num_seeds=4).unsplit()
    # 12 runs keep 4 numbers a weight, the one that makes a step 8 more; 8 x 4 tokens of a seed in the largest step
    assert bytes_of(SMALL, config) == 4 * ((12 * 4 + 8) * 288 + 8 * 4 * (34 * 4 + 4 * 5))


def test_ways_that_have_to_be_found_are_tried_on_copies():
    plan = TrainConfig(batch_sizes=(8,), num_seeds=4)
    together = plan.with_executions([ExecutionPlan(batch_size=8, seeds_at_once=4, micro_batch_size=8)])
    assert bytes_of(SMALL, plan) - bytes_of(SMALL, together) == 4 * 288 * 4 * (4 * 3)  # 3 copies of 4 runs

    on_cuda = TrainConfig(batch_sizes=(8,), num_seeds=4, device="auto")
    assert bytes_of(SMALL, on_cuda, "cuda") == bytes_of(SMALL, together) + 2**29  # there nothing is tried


def test_on_cuda_a_step_is_made_beside_the_graphs_that_lie_in_the_largest_ones_memory():
    one, some = (TrainConfig(batch_sizes=sizes, num_seeds=1, device="cuda") for sizes in ((8,), (1, 4, 8)))
    more = bytes_of(SMALL, some, "cuda") - bytes_of(SMALL, one, "cuda")
    assert more == 4 * 288 * 2 * 4 + 4 * window_bytes(SMALL)  # two runs more, and the second largest batch


def test_a_large_batch_goes_through_in_parts_on_a_cpu_and_as_far_as_there_is_room_on_a_gpu():
    config = GPTConfig(vocab_size=5, block_size=64, n_layer=1, n_head=1, n_embd=32)
    plan, huge = (TrainConfig(batch_sizes=(b,), num_seeds=2, device="auto") for b in (256, 4096))
    assert bytes_of(config, huge) == bytes_of(config, plan)
    assert bytes_of(config, huge, "cuda") > 10 * bytes_of(config, plan)
    of_ten_million = GPTConfig(vocab_size=104, block_size=256, n_layer=6, n_head=6, n_embd=384)
    six = TrainConfig(batch_sizes=(4, 16, 64, 256, 1024, 4096), num_seeds=3, device="auto")
    assert of_ten_million.num_parameters > 1e7
    assert bytes_of(of_ten_million, six, "cuda") < 2**33  # on a GPU that has no more than that


def test_a_model_that_is_not_small_is_not_copied_to_record_its_step():
    small, large = (GPTConfig(vocab_size=5, block_size=4, n_layer=1, n_head=1, n_embd=c) for c in (288, 304))
    numbers = [
        (bytes_of(c, TrainConfig(batch_sizes=(1,), num_seeds=1).unsplit()) - window_bytes(c)) / 4
        for c in (small, large)
    ]
    assert small.num_parameters < 2**20 < large.num_parameters
    assert numbers == [12 * small.num_parameters, 6 * large.num_parameters]


def test_seeds_side_by_side_hold_their_activations_at_the_same_time():
    config = GPTConfig(vocab_size=5, block_size=64, n_layer=1, n_head=1, n_embd=32)
    plan = TrainConfig(batch_sizes=(256,), num_seeds=3)
    one, two, many = (bytes_of(config, plan, num_threads=n) for n in (1, 2, 16))
    of_a_step = 8 * config.num_parameters + 256 * 64 * (34 * 32 + 4 * 5)
    assert many - two == two - one == 4 * of_a_step + 96 * 2**20


def test_the_budget_makes_no_difference_to_memory():
    short, long = (TrainConfig(max_tokens=n) for n in (100_000, 50_000_000))
    assert bytes_of(SMALL, short) == bytes_of(SMALL, long)


@pytest.mark.parametrize("num_seeds", [1, 3])
def test_what_backward_keeps_is_within_the_estimate(num_seeds):
    gpt_config = GPTConfig(vocab_size=65, block_size=16, n_layer=2, n_head=2, n_embd=32)
    stack = ReplicaStack([GPT(gpt_config) for _ in range(num_seeds)])
    kept = activation_bytes(stack, torch.zeros(num_seeds, 64, 17, dtype=torch.int64))
    execution = ExecutionPlan(batch_size=64, seeds_at_once=num_seeds, micro_batch_size=64)
    config = TrainConfig(batch_sizes=(64,), num_seeds=num_seeds).with_executions([execution])
    assert 0.3 * bytes_of(gpt_config, config) < kept < bytes_of(gpt_config, config)


def test_activations_grow_with_the_batch_and_weights_do_not():
    one, two, three = (bytes_of(SMALL, TrainConfig(batch_sizes=(b,), num_seeds=1).unsplit()) for b in (1, 2, 3))
    assert three - two == two - one > 0


def test_a_machine_knows_the_memory_of_each_of_its_devices():
    machine = Machine(devices={"cuda": 10, "cpu": 20})
    assert (machine.device("auto"), machine.memory_bytes("auto"), machine.memory_bytes("cpu")) == ("cuda", 10, 20)
    with pytest.raises(ValueError, match="no device 'mps'; it has cuda, cpu"):
        machine.memory_bytes("mps")
