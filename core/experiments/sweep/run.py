"""A sweep over the learning rate as a row of messages: a race at each rate, one after the other. Runs in a worker.

    {"kind": "started", "device", "vocab_size", "num_parameters"}
    {"kind": "progress", "share", "doing"}
    {"kind": "eval", "learning_rate", "batch_size", "step", "losses"}       R validation losses, None once diverged
    {"kind": "diverged", "learning_rate", "batch_size", "seed", "step"}

Nothing but validation losses is kept: what a race tells besides, the race page tells.
"""

import time
from collections.abc import Iterator

from core.engine import Block, Training
from core.experiments.race.run import as_message
from core.experiments.sweep.spec import SweepSpec

PROGRESS_SECONDS = 0.5


def run(spec: SweepSpec) -> Iterator[dict]:
    """All of it as plain messages (see the top of this file)."""
    corpus, gpt_config = spec.race.build()
    plan, T = spec.race.train, spec.race.block_size
    tokens = sum(plan.num_steps(b, T) * b * T for b in plan.batch_sizes)  # of one seed at one rate
    said_at = time.monotonic()
    for number, rate in enumerate(spec.learning_rates):
        training = Training(corpus.train_ids, corpus.val_ids, gpt_config, spec.plan_at(rate))
        if not number:
            yield {
                "kind": "started",
                "device": str(training.device),
                "vocab_size": gpt_config.vocab_size,
                "num_parameters": gpt_config.num_parameters,
            }
        for event in training.events():
            if isinstance(event, Block):
                if time.monotonic() > said_at + PROGRESS_SECONDS:
                    said_at = time.monotonic()
                    done = sum(group.step * group.batch_size * T for group in training.groups) / tokens
                    share = min(1.0, (number + done) / len(spec.learning_rates))
                    yield {"kind": "progress", "share": share, "doing": f"learning rate {rate:g}"}
                continue
            yield {**as_message(event), "learning_rate": rate}
