"""How long a race will take here, as a short call to a worker."""

import time

from core.engine import Training
from core.engine.devices import LEFT_TO_VIEWERS, use_cores
from core.experiments.race.spec import RaceSpec

WARM_STEPS, TRIED_STEPS = 2, 4


def race_seconds(race: RaceSpec) -> float:
    """About how many seconds: by some steps of its first turn at each batch size."""
    use_cores(LEFT_TO_VIEWERS)
    corpus, gpt_config = race.build()
    first, *later = race.train.turns()
    training = Training(corpus.train_ids, corpus.val_ids, gpt_config, first)
    seconds = 0.0
    for group in training.groups:
        training.advance(group.batch_size, min(WARM_STEPS, group.num_steps))
        began = time.perf_counter()
        training.advance(group.batch_size, TRIED_STEPS)
        seconds += (time.perf_counter() - began) / TRIED_STEPS * group.num_steps
    return seconds * (1 + sum(turn.num_seeds for turn in later) / first.num_seeds)
