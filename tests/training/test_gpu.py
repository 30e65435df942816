"""The same races on a GPU: run where there is one, `pytest -m gpu`."""

from dataclasses import replace

import pytest
import torch

from core.corpus import build_corpus
from core.lab.cost import cost_messages
from core.lab.experiments import CostSpec, ParallelSpec, RaceSpec
from core.lab.ranks import parallel_messages
from core.measure.activations import activation_bytes
from core.model import GPT, GPTConfig, ReplicaStack
from core.strategies import ParallelPlan
from core.training import TrainConfig, Training, losses_of, train
from core.training.graph import StepGraph

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
    (trainer,) = group.crew.trainers
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
    (trainer,) = group.crew.trainers
    before = trainer.state()
    StepGraph(trainer, race.windows, race.starts(group, 0, 1)[:, 0])
    assert all(torch.equal(one, other) for one, other in zip(trainer.state(), before, strict=True))


def test_a_graph_needs_no_memory_of_one_that_is_gone():
    def recorded(batch_size):
        race = Training(CORPUS.train_ids, CORPUS.val_ids, CONFIG, TrainConfig(**PLAN, device="cuda"))
        race._record(race.group(batch_size))
        return race

    gone, race = recorded(2), recorded(2)
    del gone
    third = recorded(8)  # before which torch gives back all memory that nobody holds
    group = race.group(2)
    (trainer,) = group.crew.trainers
    found = race._steps(trainer, race.starts(group, 0, 40))
    assert third and found.tolist() == [pytest.approx(row, rel=1e-4) for row in eager_losses(40, 2)]


def test_nothing_is_read_back_within_a_block():
    race = Training(CORPUS.train_ids, CORPUS.val_ids, CONFIG, TrainConfig(**PLAN, device="cuda"))
    group = race.group(2)
    (trainer,) = group.crew.trainers
    starts = race.starts(group, 0, 8)
    race._record(group)
    torch.cuda.set_sync_debug_mode("error")
    try:
        race._steps(trainer, starts)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_bfloat16_stays_near_float32():
    one, other = losses(device="cuda"), losses(device="cuda", precision="bfloat16")
    gaps = [abs(other[key] - loss) for key, loss in one.items()]
    assert max(gaps) > 0 and sum(gaps) / len(gaps) < 0.02


def test_counted_activations_are_what_the_allocator_holds_within_a_tenth():
    config = GPTConfig(vocab_size=65, block_size=64, n_layer=2, n_head=4, n_embd=128)
    stack = ReplicaStack([GPT(config, torch.Generator().manual_seed(0)).to("cuda")])
    windows = torch.zeros(1, 64, 65, dtype=torch.int64, device="cuda")
    counted = activation_bytes(stack, windows) - windows.nbytes  # the windows are there before
    before = torch.cuda.memory_allocated()
    activation_bytes(stack, windows)
    assert torch.cuda.memory_allocated() == before  # nothing is left
    losses = losses_of(stack, windows)
    assert torch.cuda.memory_allocated() - before == pytest.approx(counted, rel=0.1)
    del losses


def test_a_rank_with_a_gpu_to_itself_trains_there():
    plan = ParallelPlan(micro_batch_size=2, accumulation_steps=2, num_steps=3)
    race = RaceSpec(text=CORPUS.text, block_size=16, n_layer=1, n_head=2, n_embd=32, train=TrainConfig(device="cuda"))
    told = list(parallel_messages(ParallelSpec(race=race, plan=plan, num_ranks=1)))
    assert [m["backend"] for m in told if m["kind"] == "ranks"] == ["nccl"]
    assert [m["difference"] < 1e-5 for m in told if m["kind"] == "step"] == [True] * 3


def test_memory_that_does_not_suffice_ends_a_measurement_and_the_next_one_works():
    text = "The miller's daughter counted every sack of corn that the wind had ground. " * 200
    race = RaceSpec(text=text, block_size=512, n_layer=12, n_head=12, n_embd=768, train=TrainConfig(device="cuda"))
    plan = replace(race.train, batch_sizes=(4096,), num_seeds=1, max_tokens=4096 * 512)
    with pytest.raises(torch.OutOfMemoryError):
        list(cost_messages(CostSpec(race=replace(race, train=plan))))
    torch.cuda.empty_cache()
    assert losses(device="cuda")
