"""What happens in training, as one flat record a step and a run: the JSON lines of `python -m core race`."""

from collections.abc import Iterator

import numpy as np

from core.engine.loop import Block, Divergence, Evaluation, Training
from core.training.config import TrainConfig


def records_of(event: Block | Evaluation | Divergence, config: TrainConfig, block_size: int) -> Iterator[dict]:
    """An event as records. A run that has diverged has none after the one that says so."""

    def record(kind: str, batch_size: int, seed: int, step: int, **values) -> dict:
        tokens_seen = step * batch_size * block_size
        return {
            "kind": kind,
            "batch_size": batch_size,
            "seed": seed,
            "step": step,
            "tokens_seen": tokens_seen,
            **values,
        }

    match event:
        case Block():
            for step, losses in enumerate(event.losses.tolist(), start=event.first_step):
                for seed, loss in zip(config.seeds, losses, strict=True):
                    if not np.isnan(loss):
                        yield record("train", event.batch_size, seed, step, loss=loss)
        case Evaluation():
            for seed, loss in zip(config.seeds, event.losses.tolist(), strict=True):
                if not np.isnan(loss):
                    yield record("eval", event.batch_size, seed, event.step, val_loss=loss)
        case Divergence():
            yield record("diverged", event.batch_size, event.seed, event.step)


def train(corpus, gpt_config, config: TrainConfig) -> Iterator[dict]:
    """Train every batch size with every seed; yield a record for each step and each validation of each run.

    corpus has `train_ids` (N,) and `val_ids`; gpt_config is a `core.model.GPTConfig`. Losses are nats per token.

        {"kind": "train", "batch_size", "seed", "step", "tokens_seen", "loss"}
        {"kind": "eval", "batch_size", "seed", "step", "tokens_seen", "val_loss"}
        {"kind": "diverged", "batch_size", "seed", "step", "tokens_seen"}
    """
    for event in Training(corpus.train_ids, corpus.val_ids, gpt_config, config).events():
        yield from records_of(event, config, gpt_config.block_size)
