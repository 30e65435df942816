"""The same races on a GPU: run where there is one, `pytest -m gpu`."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.corpus import build_corpus, samples
from core.engine import Training, train
from core.engine.cuda_graph import StepGraph
from core.engine.devices import gpu_bytes
from core.experiments.parallel.messages import Ranks, Step
from core.experiments.parallel.run import run as run_parallel
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.run import run as run_step_cost
from core.experiments.step_cost.spec import StepCostSpec
from core.measure.activations import activation_bytes
from core.measure.memory import Machine, race_bytes
from core.model import GPT, GPTConfig, ReplicaStack
from core.strategies import ParallelPlan
from core.training import ExecutionPlan, TrainConfig, Trainer, losses_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and there is none"),
]

CORPUS = build_corpus("The miller's daughter counted every sack of corn that the wind had ground. " * 30, "char", 0.1)
CONFIG = GPTConfig(vocab_size=CORPUS.tokenizer.vocab_size, block_size=16, n_layer=2, n_head=2, n_embd=32)
PLAN = {"batch_sizes": (2, 8), "num_seeds": 2, "max_tokens": 8 * 16 * 40, "num_evals": 4}


def losses(**settings) -> dict[tuple, float]:
    records = train(CORPUS, CONFIG, TrainConfig(**PLAN | settings))
    return {(r["batch_size"], r["seed"], r["step"]): r["loss"] for r in records if r["kind"] == "train"}


def eager_losses(num_steps: int, batch_size: int) -> list[list[float]]:
    """A race's losses on the GPU with no graph."""
    race = Training(CORPUS.train_ids, CORPUS.val_ids, CONFIG, TrainConfig(**PLAN, device="cuda"))
    group = race.group(batch_size)
    (trainer,) = group.pool.trainers
    starts = race.starts(group, 0, num_steps)
    return [trainer.step(race.windows[now]).tolist() for now in starts.unbind(1)]


def test_a_gpu_gives_the_losses_of_the_cpu():
    on_cpu, on_gpu = losses(device="cpu"), losses(device="cuda")
    assert on_cpu and on_cpu.keys() == on_gpu.keys()
    for key, loss in on_cpu.items():
        assert on_gpu[key] == pytest.approx(loss, rel=1e-3)


@pytest.mark.parametrize("batch_size", [2, 8])
def test_a_recorded_graph_gives_the_losses_of_single_calls(batch_size):
    replayed = losses(device="cuda")
    for step, row in enumerate(eager_losses(40, batch_size), start=1):
        for seed, loss in enumerate(row):
            assert replayed[batch_size, seed, step] == pytest.approx(loss, rel=1e-4)


def test_recording_a_graph_leaves_the_trainer_as_it_was():
    race = Training(CORPUS.train_ids, CORPUS.val_ids, CONFIG, TrainConfig(**PLAN, device="cuda"))
    group = race.group(2)
    (trainer,) = group.pool.trainers
    before = trainer.state()
    StepGraph(trainer, race.windows, race.starts(group, 0, 1)[:, 0])
    assert all(torch.equal(one, other) for one, other in zip(trainer.state(), before, strict=True))


def test_a_graph_needs_no_memory_of_one_that_is_gone():
    def recorded(batch_size):
        race = Training(CORPUS.train_ids, CORPUS.val_ids, CONFIG, TrainConfig(**PLAN, device="cuda"))
        race._capture(race.group(batch_size))
        return race

    gone, race = recorded(2), recorded(2)
    del gone
    third = recorded(8)  # before which torch gives back all memory that nobody holds
    group = race.group(2)
    (trainer,) = group.pool.trainers
    found = race._steps(trainer, race.starts(group, 0, 40))
    assert third and found.tolist() == [pytest.approx(row, rel=1e-4) for row in eager_losses(40, 2)]


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")  # torch calls it a prototype
def test_nothing_is_read_back_within_a_block():
    race = Training(CORPUS.train_ids, CORPUS.val_ids, CONFIG, TrainConfig(**PLAN, device="cuda"))
    group = race.group(2)
    (trainer,) = group.pool.trainers
    starts = race.starts(group, 0, 8)
    race._capture(group)
    torch.cuda.set_sync_debug_mode("error")
    try:
        race._steps(trainer, starts)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("num_steps", [0, 40])
def test_bfloat16_is_off_by_no_more_than_its_logits_are_rounded(num_steps):
    """A number in bfloat16 is off by at most 2^-8 of itself. So are the logits, of at most z, and about as much again
    comes from the rounding before them; and -ln p is off by at most twice what its logits are."""
    plan = TrainConfig(**PLAN, device="cuda")
    race = Training(CORPUS.train_ids, CORPUS.val_ids, CONFIG, plan)
    if num_steps:
        race.advance(8, num_steps)
    (trainer,) = race.group(8).pool.trainers
    rounded = Trainer(trainer.stack, replace(plan, precision="bfloat16"), 8)
    with torch.no_grad():
        z = trainer.stack.model(race.val_windows[:, :-1].expand(2, -1, -1)).abs().max().item()
    gaps = (rounded.evaluate(race.val_windows) - trainer.evaluate(race.val_windows)).abs()
    assert 0 < gaps.max().item() < 2 * 2 * 2**-8 * z


def test_bfloat16_changes_a_run_by_less_than_a_tenth_of_what_another_seed_does():
    one, other = losses(device="cuda"), losses(device="cuda", precision="bfloat16")
    gaps = np.array([other[key] - loss for key, loss in one.items()])
    apart = np.array([loss - one[B, 1, step] for (B, seed, step), loss in one.items() if seed == 0])
    assert 0 < np.abs(gaps).mean() < 0.1 * np.abs(apart).mean()


@pytest.mark.parametrize(("num_seeds", "batch_size"), [(1, 64), (3, 64), (1, 256)])
def test_counted_activations_are_what_the_allocator_holds_within_a_tenth(num_seeds, batch_size):
    config = GPTConfig(vocab_size=65, block_size=64, n_layer=2, n_head=4, n_embd=128)
    stack = ReplicaStack([GPT(config, torch.Generator().manual_seed(n)).to("cuda") for n in range(num_seeds)])
    windows = torch.zeros(num_seeds, batch_size, 65, dtype=torch.int64, device="cuda")
    counted = activation_bytes(stack, windows) - windows.nbytes  # the windows are there before
    before = torch.cuda.memory_allocated()
    activation_bytes(stack, windows)
    assert torch.cuda.memory_allocated() == before  # nothing is left
    losses = losses_of(stack, windows)
    assert torch.cuda.memory_allocated() - before == pytest.approx(counted, rel=0.1)
    del losses


def test_a_gradient_from_products_in_parts_is_the_cpu_s():
    config = GPTConfig(vocab_size=65, block_size=32, n_layer=1, n_head=2, n_embd=64)
    windows = torch.randint(65, (2, 64, 33), generator=torch.Generator().manual_seed(0))  # 2,048 rows: several parts

    def gradient(device):
        stack = ReplicaStack([GPT(config, torch.Generator().manual_seed(n)).to(device) for n in range(2)])
        return stack.flat_gradient(losses_of(stack, windows.to(device))).cpu()

    on_cpu = gradient("cpu")
    assert ((gradient("cuda") - on_cpu).norm() / on_cpu.norm()).item() < 1e-4


def test_seeds_in_turns_and_batches_in_parts_give_the_losses_of_all_at_once():
    whole = losses(device="cuda")
    parts = losses(
        device="cuda",
        executions=(ExecutionPlan(batch_size=2, micro_batch_size=1), ExecutionPlan(batch_size=8, micro_batch_size=3)),
    )
    assert parts.keys() == whole.keys() and parts != whole
    for key, loss in whole.items():
        assert parts[key] == pytest.approx(loss, rel=1e-3)


def test_a_replayed_graph_follows_the_schedule_of_the_rate():
    schedule = {"warmup": 0.25, "final_rate": 0.1}
    on_cpu, on_gpu = losses(device="cpu", **schedule), losses(device="cuda", **schedule)
    assert on_cpu != losses(device="cpu")
    for key, loss in on_cpu.items():
        assert on_gpu[key] == pytest.approx(loss, rel=1e-3)


def test_a_replayed_graph_draws_dropout_anew():
    plan = TrainConfig(**PLAN, learning_rate=1e-30, device="cuda")
    race = Training(CORPUS.train_ids, CORPUS.val_ids, replace(CONFIG, dropout=0.5), plan)
    group = race.group(8)
    race._capture(group)
    starts = race.starts(group, 0, 1).expand(-1, 5, -1)  # the same batch five times, at the same weights
    assert len(set(race._steps(group.pool.trainers[0], starts)[:, 0].tolist())) == 5


def test_a_batch_of_many_tokens_is_trained_in_the_memory_of_a_pass():
    corpus = build_corpus(samples()["python-docs"].text, "char", 0.1)
    config = GPTConfig(vocab_size=corpus.tokenizer.vocab_size, block_size=256, n_layer=6, n_head=6, n_embd=384)
    plan = TrainConfig(batch_sizes=(64, 1024), num_seeds=2, max_tokens=1024 * 256, num_evals=1, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    race = Training(corpus.train_ids, corpus.val_ids, config, plan)
    assert config.num_parameters > 1e7 and race.group(1024).execution.micro_batch_size < 1024
    losses = [event.losses for event in race.events() if hasattr(event, "first_step")]
    assert np.isfinite(np.concatenate(losses)).all()
    machine = Machine(devices={"cuda": 2**36}, gpu_bytes=gpu_bytes(race.device))
    assert torch.cuda.max_memory_allocated() < race_bytes(config, plan, machine)


def test_a_rank_with_a_gpu_to_itself_trains_there():
    plan = ParallelPlan(micro_batch_size=2, accumulation_steps=2, num_steps=3)
    race = RaceSpec(text=CORPUS.text, block_size=16, n_layer=1, n_head=2, n_embd=32, train=TrainConfig(device="cuda"))
    told = list(run_parallel(ParallelSpec(race=race, plan=plan, num_ranks=1)))
    assert [m.backend for m in told if isinstance(m, Ranks)] == ["nccl"]
    assert [m.difference < 1e-5 for m in told if isinstance(m, Step)] == [True] * 3


def test_memory_that_does_not_suffice_ends_a_measurement_and_the_next_one_works():
    text = "The miller's daughter counted every sack of corn that the wind had ground. " * 200
    race = RaceSpec(text=text, block_size=512, n_layer=12, n_head=12, n_embd=768, train=TrainConfig(device="cuda"))
    plan = replace(race.train, batch_sizes=(4096,), num_seeds=1, max_tokens=4096 * 512)
    with pytest.raises(torch.OutOfMemoryError):
        list(run_step_cost(StepCostSpec.of(replace(race, train=plan))))
    torch.cuda.empty_cache()
    assert losses(device="cuda")
