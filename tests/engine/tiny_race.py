"""A race that takes a moment."""

import numpy as np

from core.engine import Block, Training
from core.model import GPTConfig
from core.training import ExecutionPlan, TrainConfig

T, V = 8, 12
RNG = np.random.default_rng(0)
TRAIN_IDS, VAL_IDS = RNG.integers(0, V, 400), RNG.integers(0, V, 100)


def training(val_ids=VAL_IDS, train_ids=TRAIN_IDS, seeds_at_once=None, parts=1, onednn=False, **settings):
    """A race; with so many seeds on one axis, each batch in so many passes, instead of as is found to be fastest."""
    plan = TrainConfig(**{"batch_sizes": (2, 4, 8), "num_seeds": 2, "max_tokens": 640, "num_evals": 5} | settings)
    if seeds_at_once:
        plan = plan.with_executions(
            ExecutionPlan(
                batch_size=b,
                seeds_at_once=seeds_at_once,
                micro_batch_size=max(1, b // parts),
                num_threads=1,
                onednn=onednn,
            )
            for b in plan.batch_sizes
        )
    config = GPTConfig(vocab_size=V, block_size=T, n_layer=1, n_head=2, n_embd=16)
    return Training(train_ids, val_ids, config, plan)


def losses_of(race, batch_size):
    """All training losses at one batch size: (steps, R)."""
    blocks = [event for event in race.events() if isinstance(event, Block) and event.batch_size == batch_size]
    return np.concatenate([block.losses for block in blocks])
