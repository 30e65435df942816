"""Real processes: their averaged gradient is the large batch's, and each mistake is wrong by what theory gives."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ranks_script import IDS, T, V

from core.engine import Training
from core.model import GPTConfig
from core.strategies import MEAN_OF_MEANS, SAME_SEED, SUMMED, target_lengths
from core.strategies.accumulation import accumulated_gradient
from core.training import TrainConfig

ROOT, SCRIPT = Path(__file__).parents[2], Path(__file__).with_name("ranks_script.py")
ROWS = 6  # of a rank


@pytest.fixture(scope="module", params=[1, 4])
def ranks(request):
    """(W, messages) of one launch."""
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        f"--nproc-per-node={request.param}",
        SCRIPT,
    ]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(launch, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]
    return request.param, [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def steps_of(messages: list[dict], targets: str, mistake: str = "") -> list[dict]:
    found = [m for m in messages if m["kind"] == "step" and (m["targets"], m["mistake"]) == (targets, mistake)]
    assert [m["step"] for m in found] == [1, 2]
    return found


def alone(num_ranks: int, targets: str) -> tuple[float, float]:
    """(loss, norm of the gradient) of the first global batch, in this process."""
    B = ROWS * num_ranks
    config = GPTConfig(vocab_size=V, block_size=T, n_layer=1, n_head=2, n_embd=16)
    training = Training(IDS, IDS[:20], config, TrainConfig(batch_sizes=(B,), num_seeds=1, max_tokens=2 * B * T))
    (group,) = training.groups
    windows = training.windows[training.starts(group, 0, 1)[0, 0]]
    lengths = torch.from_numpy(target_lengths(targets, 0, 0, B, T))
    loss, gradient = accumulated_gradient(group.pool.trainers[0].stack, windows, lengths, B)
    return loss.item(), gradient.norm().item()


@pytest.mark.parametrize("targets", ["even", "uneven"])
def test_the_averaged_gradient_is_the_large_batch_s(ranks, targets):
    num_ranks, messages = ranks
    first, second = steps_of(messages, targets)
    loss, norm = alone(num_ranks, targets)
    assert first["loss"] == pytest.approx(loss, rel=1e-5) and first["norm"] == pytest.approx(norm, rel=1e-5)
    assert first["difference"] < 1e-5 and second["difference"] < 1e-5
    assert len(first["ranks"]) == num_ranks


def test_the_copies_stay_equal(ranks):
    _, messages = ranks
    assert [step["apart"] for step in steps_of(messages, "uneven")] == [0, 0]


def test_every_rank_has_rows_of_its_own(ranks):
    num_ranks, messages = ranks
    told = next(m for m in messages if m["kind"] == "ranks")
    assert told["rows"] == [[rank * ROWS, ROWS] for rank in range(num_ranks)] and told["batch_size"] == num_ranks * ROWS


def test_a_summed_loss_is_too_long_by_the_targets_of_a_rank(ranks):
    _, messages = ranks
    right, wrong = steps_of(messages, "even")[0], steps_of(messages, "even", SUMMED)[0]
    assert wrong["norm"] / right["norm"] == pytest.approx(ROWS * T, rel=1e-4)  # N / W = 6 x 8


def test_ranks_with_the_same_seed_are_one_rank(ranks):
    num_ranks, messages = ranks
    wrong = steps_of(messages, "even", SAME_SEED)[0]
    norms = {round(rank["norm"], 6) for rank in wrong["ranks"]}
    assert len(norms) == 1 and wrong["norm"] == pytest.approx(norms.pop(), rel=1e-4)
    assert (wrong["difference"] < 1e-5) == (num_ranks == 1)


def test_a_mean_of_means_is_right_for_even_counts_only(ranks):
    num_ranks, messages = ranks
    assert steps_of(messages, "even", MEAN_OF_MEANS)[0]["difference"] < 1e-5
    wrong = steps_of(messages, "uneven", MEAN_OF_MEANS)[0]
    counts = [rank["num_targets"] for rank in wrong["ranks"]]
    assert (wrong["difference"] > 1e-3) == (num_ranks > 1)
    assert np.std(counts) > 0 or num_ranks == 1


def test_every_rank_says_what_its_time_went_to(ranks):
    _, messages = ranks
    for rank in steps_of(messages, "even")[1]["ranks"]:
        assert rank["compute_seconds"] > 0 and rank["wait_seconds"] >= 0 and rank["reduce_seconds"] >= 0
