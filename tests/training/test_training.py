"""The engine: one step as torch does it, many runs at once as each alone, and what a race yields."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from core.corpus import build_corpus
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import Block, TrainConfig, Trainer, Training, train

TEXT = "She sells sea shells by the sea shore. " * 60
CORPUS = build_corpus(TEXT)
GPT_CONFIG = GPTConfig(vocab_size=CORPUS.tokenizer.vocab_size, block_size=8, n_layer=1, n_head=2, n_embd=16)


def plan(**values) -> TrainConfig:
    return TrainConfig(**{"batch_sizes": (2, 8), "num_seeds": 2, "max_tokens": 8 * 8 * 20, "num_evals": 4} | values)


def losses(config: TrainConfig) -> dict[tuple, float]:
    return {
        (r["batch_size"], r["seed"], r["step"]): r["loss"]
        for r in train(CORPUS, GPT_CONFIG, config)
        if r["kind"] == "train"
    }


def test_a_step_is_the_usual_step():
    """AdamW with decay on matrices only, clipped by norm: torch's own parts, as in a usual training script."""
    config = plan(grad_clip=0.05)
    windows = torch.randint(0, GPT_CONFIG.vocab_size, (5, 4, 9), generator=torch.Generator().manual_seed(0))
    ours = Trainer(ReplicaStack([GPT(GPT_CONFIG, torch.Generator().manual_seed(0))]), config, 1e-2)
    model = GPT(GPT_CONFIG, torch.Generator().manual_seed(0))
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.99))
    for w in windows:
        loss = F.cross_entropy(model(w[:, :-1]).flatten(0, 1), w[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        assert torch.nn.utils.clip_grad_norm_(model.parameters(), 0.05) > 0.05  # it is clipped
        optimizer.step()
        assert ours.step(w[None]).item() == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.parametrize("together", [True, False])
def test_a_run_trained_with_others_has_the_losses_it_has_alone(together):
    length = {"max_tokens": 2 * 8 * 50, "batch_sizes": (2,)}
    with_others = losses(plan(num_seeds=3, seeds_together=together, **length))
    alone = losses(plan(num_seeds=1, first_seed=1, **length))
    assert len(alone) == 50
    for key, loss in alone.items():
        assert with_others[key] == pytest.approx(loss, rel=1e-4)


def test_the_same_race_twice_is_the_same_bit_for_bit():
    assert losses(plan()) == losses(plan())


def test_batch_sizes_start_from_the_same_weights():
    first = {}
    for r in train(CORPUS, GPT_CONFIG, plan()):
        if r["kind"] == "eval" and r["step"] == 0:
            first.setdefault(r["seed"], set()).add(r["val_loss"])
    assert [len(values) for values in first.values()] == [1, 1]
    assert first[0] != first[1]


def test_the_first_loss_is_that_of_a_uniform_guess():
    assert losses(plan())[2, 0, 1] == pytest.approx(math.log(GPT_CONFIG.vocab_size), rel=0.05)


def test_it_learns():
    record = losses(plan(max_tokens=40_000, batch_sizes=(8,), num_seeds=1))
    assert record[8, 0, max(step for *_, step in record)] < 0.6 * math.log(GPT_CONFIG.vocab_size)


def test_records_have_the_fields_that_were_promised():
    kinds = {}
    for r in train(CORPUS, GPT_CONFIG, plan()):
        kinds[r["kind"]] = r
        assert r["tokens_seen"] == r["step"] * r["batch_size"] * 8
    at = {"kind", "batch_size", "seed", "step", "tokens_seen"}
    assert set(kinds["train"]) == at | {"loss"} and set(kinds["eval"]) == at | {"val_loss"}


def test_steps_count_from_one_to_the_whole_budget():
    steps = {(b, s): [] for b in (2, 8) for s in (0, 1)}
    for b, s, step in losses(plan()):
        steps[b, s].append(step)
    assert steps[2, 0] == list(range(1, 81)) and steps[8, 1] == list(range(1, 21))


def test_all_batch_sizes_are_validated_after_the_same_tokens():
    tokens = {2: [], 8: []}
    for r in train(CORPUS, GPT_CONFIG, plan(num_seeds=1)):
        if r["kind"] == "eval":
            tokens[r["batch_size"]].append(r["tokens_seen"])
    assert tokens[2] == tokens[8] == [0, 320, 640, 960, 1280]


def test_without_a_validation_part_there_are_no_validations():
    corpus = build_corpus(TEXT, val_fraction=0)
    kinds = {r["kind"] for r in train(corpus, GPT_CONFIG, plan())}
    assert kinds == {"train"}


def test_a_run_that_diverges_ends_and_the_others_go_on():
    config = plan(batch_sizes=(2, 8), max_tokens=8_000)
    training = Training(CORPUS.train_ids, CORPUS.val_ids, GPT_CONFIG, config)
    wild = next(g for g in training.groups if g.batch_size == 8)
    for trainer in wild.trainers:
        trainer.optimizer.param_groups[0]["lr"] = 1e4
    events = list(training.events())
    diverged = [e for e in events if not hasattr(e, "losses")]
    assert {(e.batch_size, e.seed) for e in diverged} == {(8, 0), (8, 1)}
    steps = sum(len(e.losses) for e in events if isinstance(e, Block) and e.batch_size == 2)
    assert steps == 500
    last = [e for e in events if isinstance(e, Block) and e.batch_size == 8][-1]
    assert np.isnan(last.losses[-1]).all()


def test_a_diverged_run_has_no_record_after_its_end():
    records = list(train(CORPUS, GPT_CONFIG, plan(learning_rate=1e4, num_seeds=1, batch_sizes=(8,))))
    end = next(r for r in records if r["kind"] == "diverged")
    assert 1 < end["step"] < 20
    assert max(r["step"] for r in records if r["kind"] == "train") == end["step"] - 1


@pytest.mark.parametrize("rule, expected", [("fixed", 1e-3), ("sqrt", 2e-3), ("linear", 4e-3)])
def test_learning_rate_rules(rule, expected):
    config = plan(learning_rate=1e-3, lr_rule=rule, reference_batch_size=16)
    assert config.learning_rate_at(64) == pytest.approx(expected)
    assert config.learning_rate_at(16) == pytest.approx(1e-3)


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"batch_sizes": ()}, "there must be one"),
        ({"batch_sizes": (0,)}, "at least 1"),
        ({"batch_sizes": (4, 4)}, "twice"),
        ({"num_seeds": 0}, "at least 1"),
        ({"learning_rate": float("nan")}, "above 0"),
        ({"lr_rule": "cubic"}, "fixed, sqrt, linear"),
        ({"order": "backwards"}, "random, shuffled"),
    ],
)
def test_settings_that_cannot_train_are_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        plan(**values)


def test_a_budget_below_one_step_is_refused():
    with pytest.raises(ValueError, match="the budget is 10"):
        list(train(CORPUS, GPT_CONFIG, plan(max_tokens=10)))


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ValueError, match="no device 'cuda'"):
        list(train(CORPUS, GPT_CONFIG, plan(device="cuda")))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_gives_the_losses_of_the_cpu():
    on_cpu, on_gpu = losses(plan()), losses(plan(device="cuda"))
    assert on_cpu.keys() == on_gpu.keys()
    for key, loss in on_cpu.items():
        assert on_gpu[key] == pytest.approx(loss, rel=1e-3)
