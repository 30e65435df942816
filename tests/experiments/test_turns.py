"""A race whose seeds take turns tells the same as one in which all go together, some seeds after others."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from from_messages import results_of

from core.experiments.messages import to_dict
from core.experiments.race.results import run_losses
from core.experiments.race.run import run
from core.experiments.race.spec import RaceSpec
from core.measure.memory import Machine, race_bytes
from core.training import ExecutionPlan, TrainConfig

SIZES, SEEDS = (2, 8), range(3, 8)
ALONE = tuple(ExecutionPlan(batch_size=b, micro_batch_size=b) for b in SIZES)
PLAN = TrainConfig(
    batch_sizes=SIZES, num_seeds=len(SEEDS), first_seed=SEEDS[0], max_tokens=8 * 8 * 40, num_evals=5, executions=ALONE
)
TOGETHER = RaceSpec(
    text="To be or not to be, that is the question. " * 40, block_size=8, n_layer=1, n_embd=16, train=PLAN
)
IN_TURN = replace(TOGETHER, train=replace(PLAN, seeds_in_turn=2))


@pytest.fixture(scope="module")
def both():
    """(messages of seeds together, of seeds in turn)"""
    torch.set_num_threads(1)
    return list(map(to_dict, run(TOGETHER))), list(map(to_dict, run(IN_TURN)))


def read(messages):
    return lambda cursor: (messages[cursor:], len(messages))


@pytest.mark.parametrize("batch_size", SIZES)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_loss_is_the_same(both, batch_size, seed):
    together, in_turn = (
        run_losses(read(m), spec, batch_size, seed) for m, spec in zip(both, (TOGETHER, IN_TURN), strict=True)
    )
    assert np.isfinite(together).all() and np.array_equal(together, in_turn)


def test_so_are_validations_noise_and_summaries(both):
    together, in_turn = (results_of(spec, m) for m, spec in zip(both, (TOGETHER, IN_TURN), strict=True))
    for b in SIZES:
        for one, other in zip(together.evaluations(b), in_turn.evaluations(b), strict=True):
            assert np.array_equal(one, other, equal_nan=True)
        assert together.noise[b].sigma == pytest.approx(in_turn.noise[b].sigma, rel=1e-12)
        columns = [each.training_columns("steps", b) for each in (together, in_turn)]
        assert all(np.allclose(columns[0][name], columns[1][name], rtol=1e-12) for name in columns[0])
    ends = [[m | {"tokens_per_second": 0} for m in each if m["kind"] == "summary"] for each in both]
    assert sorted(map(str, ends[0])) == sorted(map(str, ends[1])) and len(ends[0]) == 10
    assert together.share == in_turn.share == 1 and together.tokens_read == in_turn.tokens_read


def test_seeds_end_one_turn_after_another(both):
    seeds = [m["seed"] for m in both[1] if m["kind"] == "summary"]
    assert seeds == [3, 4, 3, 4, 5, 6, 5, 6, 7, 7]
    kinds = [m["kind"] for m in both[1]]
    assert "losses" in kinds[kinds.index("summary") : -1]  # before the next ones begin


def test_the_share_grows_to_the_end(both):
    kinds = [m["kind"] for m in both[1]]
    ends = [stop + 1 for stop, kind in enumerate(kinds) if kind == "losses"]
    shares = [results_of(IN_TURN, both[1][:end]).share for end in ends]
    assert shares == sorted(shares) and shares[-1] == 1
    assert results_of(IN_TURN, both[1][: kinds.index("summary")]).share == pytest.approx(2 / 5)


def test_a_run_that_diverges_in_its_turn_is_one_that_diverged():
    fast = replace(IN_TURN, train=replace(IN_TURN.train, learning_rate=1e4))
    results = results_of(fast, list(map(to_dict, run(fast))))
    assert sorted((gone.batch_size, gone.seed) for gone in results.divergences) == [
        (b, s) for b in SIZES for s in SEEDS
    ]
    assert results.share == pytest.approx(1) and results.tokens_read < results.total_tokens / 2


def test_only_one_turn_needs_memory():
    machine, (_, model) = Machine(devices={"cpu": 2**33}), IN_TURN.build()
    assert race_bytes(model, IN_TURN.train, machine) == race_bytes(model, replace(PLAN, num_seeds=2), machine)
