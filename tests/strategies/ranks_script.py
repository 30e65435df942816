"""What the ranks of a test run: every plan in turn, in one launch. Rank 0 prints what it tells as JSON lines."""

import json
import sys

import numpy as np

from core.engine import Training
from core.model import GPTConfig
from core.strategies import PARALLEL_MISTAKES, ParallelPlan
from core.strategies.data_parallel import Group, train_ranks
from core.training import TrainConfig

V, T = 11, 8
IDS = np.random.default_rng(0).integers(0, V, 400)


def main() -> None:
    with Group() as group:
        run(group)
    sys.stdout.flush()


def run(group: Group) -> None:
    for targets in ("even", "uneven"):
        for mistake in ("", *PARALLEL_MISTAKES):
            plan = ParallelPlan(micro_batch_size=3, accumulation_steps=2, num_steps=2, targets=targets, mistake=mistake)
            B = plan.batch_size(group.num_ranks)
            train = TrainConfig(batch_sizes=(B,), num_seeds=1, max_tokens=2 * B * T)
            config = GPTConfig(vocab_size=V, block_size=T, n_layer=1, n_head=2, n_embd=16)
            told = {"targets": targets, "mistake": mistake}

            def emit(message: dict, told=told) -> None:
                sys.stdout.write(json.dumps(message | told) + "\n")

            train_ranks(group, Training(IDS, IDS[:20], config, train), plan, emit)


if __name__ == "__main__":
    main()
