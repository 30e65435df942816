"""A captured step, against the same step through the modules and autograd."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import TensorWeakRef

from core.engine import Training
from core.engine import loop as training_loop
from core.engine import onednn as onednn_products
from core.engine.cpu_graph import GraphRecorder, capture
from core.engine.trainer import CapturedTrainer
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import ExecutionPlan, TrainConfig

ROOT = Path(__file__).parents[2]


def trainer_of(num_replicas=2, micro_batch_size=4, dropout=0.0, precision="float32"):
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=16, dropout=dropout)
    stack = ReplicaStack([GPT(config, torch.Generator().manual_seed(seed)) for seed in range(num_replicas)])
    return CapturedTrainer(stack, TrainConfig(learning_rate=1e-2, precision=precision), 4, micro_batch_size)


def windows_of(num_steps, num_replicas=2):
    return torch.randint(11, (num_steps, num_replicas, 4, 9), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("num_replicas", [1, 2])
@pytest.mark.parametrize("micro_batch_size", [4, 3, 1])
def test_the_losses_and_the_weights_are_the_same_to_the_last_bit(num_replicas, micro_batch_size):
    plain, captured = (trainer_of(num_replicas, micro_batch_size) for _ in range(2))
    steps = windows_of(10, num_replicas)
    captured.capture(steps[0])
    num_passes = {4: 1, 3: 2, 1: 2}[micro_batch_size]  # that differ in size, or in being first
    assert len(captured.captured) == num_passes + 1  # and the update
    for windows in steps:
        assert torch.equal(plain.step(windows), captured.step(windows))
    assert torch.equal(plain.stack.flat, captured.stack.flat)
    assert not torch.equal(plain.stack.flat, trainer_of(num_replicas).stack.flat)


@pytest.mark.parametrize(("bias", "onednn"), [(True, True), (False, False), (False, True)])
@pytest.mark.parametrize(("grad_clip", "learning_rate"), [(1.0, 1e-2), (0.0, 1)])  # a rate may be a whole number
def test_other_models_and_updates_are_captured_too(bias, onednn, grad_clip, learning_rate):
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16, bias=bias)
    plan = TrainConfig(grad_clip=grad_clip, learning_rate=learning_rate)
    product = onednn_products.linear if onednn else None
    stacks = [ReplicaStack([GPT(config, torch.Generator().manual_seed(0))], product) for _ in range(2)]
    plain, captured = (CapturedTrainer(stack, plan, 4) for stack in stacks)
    captured.capture(windows_of(1, 1)[0])
    assert captured.captured
    assert all(torch.equal(plain.step(windows), captured.step(windows)) for windows in windows_of(5, 1))


def test_a_step_of_a_model_that_is_not_small_is_not_captured(monkeypatch):
    monkeypatch.setattr("core.engine.trainer.MAX_SMALL_MODEL", trainer_of().stack.flat.shape[1] - 1)
    trainer = trainer_of()
    trainer.capture(windows_of(1)[0])
    assert not trainer.captured


def test_capturing_changes_nothing():
    trainer = trainer_of()
    before = trainer.state()
    trainer.capture(windows_of(1)[0])
    assert all(torch.equal(one, other) for one, other in zip(trainer.state(), before, strict=True))


def test_it_works_on_weights_that_were_put_back():
    trainer, windows = trainer_of(), windows_of(3)
    before = trainer.state()
    trainer.capture(windows[0])
    forward = [trainer.step(w).tolist() for w in windows]
    trainer.load(before)
    assert [trainer.step(w).tolist() for w in windows] == forward


def test_a_step_that_differs_each_time_is_not_captured():
    trainer = trainer_of(dropout=0.5)
    trainer.capture(windows_of(1)[0])
    assert not trainer.captured


@pytest.mark.parametrize("wrong", [lambda function, example: lambda x: function(example), lambda *_: lambda x: x[0, 0]])
def test_a_list_that_gives_other_numbers_is_not_taken(wrong, monkeypatch):
    monkeypatch.setattr("core.engine.trainer.capture", wrong)
    trainer = trainer_of()
    before = trainer.state()
    trainer.capture(windows_of(1)[0])
    assert not trainer.captured
    assert all(torch.equal(one, other) for one, other in zip(trainer.state(), before, strict=True))


def test_bfloat16_is_captured_too():
    plain, captured = (trainer_of(precision="bfloat16") for _ in range(2))
    captured.capture(windows_of(1)[0])
    assert captured.captured
    assert all(torch.equal(plain.step(windows), captured.step(windows)) for windows in windows_of(5))


def test_what_it_closes_over_is_read_in_place():
    weight = torch.tensor([2.0])
    captured = capture(lambda x: (x * weight).sum(), torch.ones(3))
    weight.fill_(5.0)
    assert captured(torch.tensor([1.0, 2.0, 3.0])).item() == 30


def test_it_gives_what_the_function_gives():
    total = torch.zeros(2)

    def add(x):
        total.add_(x)

    assert capture(lambda x: (x + 1, x.sum()), torch.ones(2))(torch.tensor([1.0, 2.0]))[1].item() == 3
    assert capture(add, torch.ones(2))(torch.tensor([1.0, 2.0])) is None
    assert total.tolist() == [2, 3]  # added once when it was noted, and once by the list
    assert capture(lambda x, y: x.to(torch.bfloat16) * y, torch.ones(2), torch.ones(2))(*torch.ones(2, 2)).sum() == 2


class Made(TorchDispatchMode):
    """Which operations are made while it is entered."""

    def __init__(self):
        super().__init__()
        self.operations = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.operations.append(str(operation))
        return operation(*args, **(kwargs or {}))


@pytest.mark.slow
def test_what_depends_on_no_input_is_made_once_and_what_nothing_comes_from_never():
    weight = torch.ones(2, 3)

    def function(x):
        x.exp()
        return (x + torch.arange(3)) * weight.mT.unsqueeze(0)[0, :, 0]

    captured, ones = capture(function, torch.zeros(3)), torch.ones(3)
    with Made() as made:
        found = captured(ones)
    assert found.tolist() == [1, 2, 3] and made.operations == ["aten.add.Tensor", "aten.mul.Tensor"]


def test_recording_holds_on_to_no_tensor_that_was_made():
    made = []

    def function(x):
        y = x * 2
        made.append(TensorWeakRef(y))
        return y.sum()

    with GraphRecorder(torch.ones(3)) as recorder:
        recorder.program(function(torch.ones(3)))
    assert made[0]() is None


def test_without_torch_s_builder_of_graphs_it_is_the_function_itself(monkeypatch):
    monkeypatch.delattr(torch._C, "_create_function_from_graph")
    assert capture(abs, torch.ones(3)) is abs
    plain, captured = trainer_of(), trainer_of()
    captured.capture(windows_of(1)[0])
    assert all(torch.equal(plain.step(windows), captured.step(windows)) for windows in windows_of(3))


@pytest.mark.parametrize("warmup", [0.0, 0.5])
@pytest.mark.parametrize(("onednn", "num_threads"), [(False, 1), (True, 1), (True, 2)])  # the last one: side by side
def test_a_long_run_is_taped_and_its_losses_are_those_of_one_that_is_not(onednn, num_threads, warmup, monkeypatch):
    rng = np.random.default_rng(0)
    config = GPTConfig(vocab_size=12, block_size=8, n_layer=1, n_head=2, n_embd=16)
    plan = TrainConfig(batch_sizes=(2,), num_seeds=2, max_tokens=2 * 8 * 60, num_evals=3, warmup=warmup)
    plan = plan.with_executions([ExecutionPlan(batch_size=2, micro_batch_size=2, num_threads=1, onednn=onednn)])

    def losses(capture_for):
        monkeypatch.setattr(training_loop, "CAPTURE_FOR", capture_for)
        torch.set_num_threads(num_threads)
        race = Training(rng_ids, rng_ids[:50], config, plan)
        found = [event.losses for event in race.events() if hasattr(event, "first_step")]
        return np.concatenate(found), [bool(trainer.captured) for trainer in race.groups[0].pool.trainers]

    rng_ids = rng.integers(0, 12, 400)
    (captured, was_taped), (plain, was_not) = losses(20), losses(10_000)
    assert was_taped == [True, True] and was_not == [False, False]
    assert captured.tobytes() == plain.tobytes() and len(captured) == 60


@pytest.mark.slow
def test_training_does_not_load_torch_s_compiler():
    program = """
import sys
from core.experiments.race.run import run
from core.experiments.race.spec import RaceSpec
from core.training import TrainConfig
plan = TrainConfig(batch_sizes=(2,), num_seeds=2, max_tokens=2 * 8 * 200)
last = list(run(RaceSpec(text="To be or not. " * 40, block_size=8, n_embd=16, train=plan)))[-1]
print(last.steps, "torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "200 False False\n", done.stderr
