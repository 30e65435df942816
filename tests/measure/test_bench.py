"""The plain loop of the bench is a training loop, and the bench's lines say what they should."""

import numpy as np
import pytest
import torch

from core.measure import bench
from core.model import GPTConfig
from core.training import TrainConfig

SMALL = GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16)
IDS = np.random.default_rng(0).integers(0, 11, 500)


def test_a_line_says_both_speeds_and_their_ratio(monkeypatch):
    monkeypatch.setattr(bench, "ROUND_SECONDS", 0.01)
    plans = [TrainConfig(batch_sizes=(b,), num_seeds=2, max_tokens=100_000) for b in (1, 4)]
    small, large = (bench.bench(IDS, SMALL, plan, rounds=3) for plan in plans)
    assert (small["batch_size"], large["batch_size"]) == (1, 4)
    for line in (small, large):
        assert 0 < line["ratio_low"] < line["ratio"] < line["ratio_high"]
        assert line["tokens_per_second"] > 0 < line["plain_tokens_per_second"]
        assert line["execution"]["batch_size"] == line["batch_size"]
    assert set(small) == {
        "batch_size", "tokens_per_second", "plain_tokens_per_second", "ratio", "ratio_low", "ratio_high", "execution"
    }  # fmt: skip


def test_tokens_are_those_of_all_seeds(monkeypatch):
    monkeypatch.setattr(bench, "steps_for", lambda train, seconds: 5)
    monkeypatch.setattr(bench, "seconds_of", lambda train, steps: 0.5)
    line = bench.bench(IDS, SMALL, TrainConfig(batch_sizes=(4,), num_seeds=3), rounds=2)
    assert line["plain_tokens_per_second"] == pytest.approx(5 * 4 * 8 / 0.5)  # steps x B x T / seconds
    assert line["tokens_per_second"] == pytest.approx(3 * line["plain_tokens_per_second"])
    assert line["ratio"] == pytest.approx(3)


def test_the_plain_loop_learns(monkeypatch):
    losses = []
    cross_entropy = bench.F.cross_entropy
    monkeypatch.setattr(bench.F, "cross_entropy", lambda *a: losses.append(cross_entropy(*a)) or losses[-1])
    ids = torch.from_numpy(np.tile(np.arange(11), 40))  # each token has one successor
    bench.plain_loop(ids, SMALL, TrainConfig(learning_rate=1e-2), 8)(150)
    assert losses[0].item() > 2.2 and losses[-1].item() < 0.2


def test_the_loop_is_compiled_if_that_is_asked_for(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda model: compiled.append(model) or model)
    plan = TrainConfig(batch_sizes=(4,), num_seeds=1)
    for asked in (False, True):
        bench.plain_loop(torch.from_numpy(IDS), SMALL, plan, 4, asked)(1)
        assert len(compiled) == asked
