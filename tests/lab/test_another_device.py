"""Everything that is measured is measured on the device that was chosen, and nothing is left on another one."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

if torch.cuda.is_available():  # beside a real device autograd cannot tell whose streams to wait for
    pytest.skip("plays a GPU, and there is one: tests/training/test_gpu.py", allow_module_level=True)

import another_device

from core.calls import packing, steps
from core.engine import Training, devices
from core.experiments.messages import to_dict
from core.experiments.noise.spec import NoiseSpec
from core.experiments.orders.spec import OrdersSpec
from core.experiments.parallel.ranks import run_rank
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.spec import RaceSpec, RunSpec
from core.experiments.registry import kind_of
from core.experiments.step_cost.spec import StepCostSpec
from core.experiments.sweep.spec import SweepSpec
from core.measure import capacity
from core.model import GPTConfig
from core.strategies import PARALLEL_MISTAKES, ParallelPlan
from core.training import TrainConfig

PLAN = TrainConfig(batch_sizes=(2, 8), num_seeds=2, max_tokens=8 * 16 * 20, num_evals=3, device="auto")
RACE = RaceSpec(
    text="The miller's daughter counted every sack of corn that the wind had ground. " * 10,
    block_size=16, n_layer=1, n_head=2, n_embd=16, train=PLAN,
)  # fmt: skip
OF_8 = replace(RACE, train=replace(PLAN, batch_sizes=(8,)))
ALONE = replace(RACE, train=replace(PLAN, batch_sizes=(8,), num_seeds=1))
DOCUMENTS = [np.random.default_rng(n).integers(0, 12, n) for n in (4, 8, 5, 11, 9, 3, 7, 20)]
GPT_CONFIG = GPTConfig(vocab_size=12, block_size=16, n_layer=1, n_head=2, n_embd=16)


@pytest.fixture(autouse=True)
def away(monkeypatch):
    """A machine whose fastest device is `another_device`."""
    monkeypatch.setattr(devices, "found_devices", lambda: [another_device.NAME, "cpu"])
    monkeypatch.setattr(capacity, "PRODUCT_SIZE", {another_device.NAME: 64})
    swaps = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(True)  # Module.to would untie the two tables of a model
    steps._runs.clear()
    yield
    steps._runs.clear()
    torch.__future__.set_swap_module_params_on_conversion(swaps)


@cache
def messages_of(race: RaceSpec) -> list[dict]:
    return list(map(to_dict, kind_of(race).run(race)))


def losses(race: RaceSpec, batch_size: int) -> np.ndarray:
    """(steps, R)"""
    found = [m["data"] for m in messages_of(race) if m["kind"] == "losses" and m["batch_size"] == batch_size]
    return np.frombuffer(b"".join(found), dtype=np.float32).reshape(-1, race.train.num_seeds)


def test_two_devices_and_float64_are_refused_and_what_is_read_is_counted():
    here, there = torch.ones(3), torch.ones(3).to(another_device.NAME)
    with pytest.raises(RuntimeError, match="two devices"):
        here + there
    with pytest.raises(TypeError, match="float64"):
        there.double()
    before = another_device.reads
    assert (there * 2).sum().item() == 6 and there.cpu().tolist() == [1, 1, 1]
    assert another_device.reads == before + 2


@pytest.mark.parametrize("batch_size", PLAN.batch_sizes)
@pytest.mark.slow
def test_a_race_has_the_losses_that_it_has_on_the_processor(batch_size):
    there, on_cpu = losses(RACE, batch_size), losses(replace(RACE, train=replace(PLAN, device="cpu")), batch_size)
    assert there.shape == on_cpu.shape == (8 * 20 // batch_size, 2)
    assert there == pytest.approx(on_cpu, rel=1e-4)


@pytest.mark.parametrize(
    "spec",
    [
        NoiseSpec.of(OF_8, steps=(0, 10), batch_sizes=(1, 4), num_batches=6),
        SweepSpec(race=RACE, learning_rates=(1e-3, 1e3)),  # one diverges
        StepCostSpec.of(replace(ALONE, train=replace(ALONE.train, batch_sizes=(2, 8)))),
        StepCostSpec.by_doubling(ALONE, budget_bytes=2_000_000),
        OrdersSpec.of(OF_8),
    ],
    ids=["noise", "sweep", "chosen sizes", "doubling", "orders"],
)
@pytest.mark.slow
def test_an_experiment_runs_there(spec):
    messages = list(map(to_dict, kind_of(spec).run(spec)))
    assert messages[0]["device"] == another_device.NAME and len(messages) > 3


def test_nothing_is_read_back_within_a_block():
    corpus, gpt_config = RACE.build()
    training = Training(corpus.train_ids, corpus.val_ids, gpt_config, PLAN)
    group = training.group(2)
    (trainer,) = group.pool.trainers
    starts = training.starts(group, 0, 8)
    training._capture(group)
    before = another_device.reads
    found = training._steps(trainer, starts)
    assert another_device.reads == before and found.shape == (8, 2)


@pytest.mark.parametrize(
    "question",
    [
        lambda run: steps.predictions(run, 3),
        lambda run: steps.losses_by_position(run, 3, 0),
        lambda run: steps.gradients(run, 3),
        lambda run: steps.update(run, 3, 0.1),
        lambda run: steps.cost_one_by_one(run, 3),
        lambda run: steps.accumulation(run, 3, 2, "uneven"),
        lambda run: packing.prove(DOCUMENTS, GPT_CONFIG, 0, "auto"),
        lambda run: packing.time_steps(DOCUMENTS, GPT_CONFIG, 0, "auto", rounds=1),
    ],
    ids=["predictions", "positions", "gradients", "update", "one by one", "accumulation", "packing", "packing's times"],
)
@pytest.mark.slow
def test_a_question_is_answered_there(question):
    assert question(RunSpec(race=RACE, batch_size=8, seed=1)) is not None


@pytest.mark.parametrize("mistake", ["", *PARALLEL_MISTAKES])
def test_ranks_that_have_no_gpu_each_train_on_the_processor(mistake, monkeypatch):
    plan = ParallelPlan(micro_batch_size=2, accumulation_steps=2, num_steps=2, mistake=mistake)
    place = {"RANK": 0, "LOCAL_RANK": 0, "WORLD_SIZE": 1, "LOCAL_WORLD_SIZE": 1, "MASTER_ADDR": "127.0.0.1"}
    for name, value in (place | {"MASTER_PORT": 0}).items():
        monkeypatch.setenv(name, str(value))
    told = []
    run_rank(ParallelSpec(race=RACE, plan=plan, num_ranks=1), told.append, beating=False)
    assert [m["kind"] for m in told] == ["ranks", "step", "step", "finished"]
    assert told[0]["backend"] == "gloo"
