"""A sweep over the learning rate as a stream of messages: a race at each rate, one after the other."""

import time
from collections.abc import Iterator

from core.engine import Block, Training
from core.experiments.messages import Message, Progress
from core.experiments.race.run import as_message
from core.experiments.sweep import messages
from core.experiments.sweep.spec import SweepSpec

PROGRESS_SECONDS = 0.5


def run(spec: SweepSpec) -> Iterator[Message]:
    corpus, gpt_config = spec.race.build()
    plan, T = spec.race.train, spec.race.block_size
    tokens = sum(plan.num_steps(b, T) * b * T for b in plan.batch_sizes)  # of one seed at one rate
    reported_at = time.monotonic()
    for number, rate in enumerate(spec.learning_rates):
        training = Training(corpus.train_ids, corpus.val_ids, gpt_config, spec.plan_at(rate))
        if not number:
            yield messages.Started(
                device=str(training.device),
                vocab_size=gpt_config.vocab_size,
                num_parameters=gpt_config.num_parameters,
            )
        for event in training.events():
            if isinstance(event, Block):
                if time.monotonic() > reported_at + PROGRESS_SECONDS:
                    reported_at = time.monotonic()
                    done = sum(group.step * group.batch_size * T for group in training.groups) / tokens
                    share = min(1.0, (number + done) / len(spec.learning_rates))
                    yield Progress(share, f"learning rate {rate:g}")
                continue
            yield as_message(event, messages, learning_rate=rate)
