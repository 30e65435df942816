"""A process with a lab, as the app's server is one: it does what it reads, a word a line, and answers with a line of
JSON. `python -m tests.kills.host URL`."""

import json
import os
import random
import sys

from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.spec import RaceSpec
from core.lab import checkpoints
from core.lab.cluster import Lab
from core.lab.store import Store
from core.strategies import ParallelPlan
from core.training import TrainConfig

MARK = "A sentence that must not be left on any disk. "
TEXT = MARK * 60
MIDDLE_TOKENS = 120_000  # some seconds


def race(max_tokens: int, first_seed: int | None = None) -> RaceSpec:
    """Another one each time, unless a seed is given."""
    first_seed = random.randrange(999_999) if first_seed is None else first_seed
    train = TrainConfig(batch_sizes=(4, 16), num_seeds=2, first_seed=first_seed, max_tokens=max_tokens, device="cpu")
    return RaceSpec(text=TEXT, block_size=16, n_layer=1, n_head=2, n_embd=32, train=train)


def save_often() -> None:
    """In a worker, until it is killed: not every ten seconds, and whatever it costs."""
    checkpoints.EVERY_SECONDS, checkpoints.COST_SHARE = 0.3, 1.0


def ranks() -> ParallelSpec:
    return ParallelSpec(
        race=race(20_000), plan=ParallelPlan(micro_batch_size=4, accumulation_steps=1, num_steps=200), num_ranks=2
    )


def worker_pids(lab: Lab) -> dict[str, int]:
    """Of each worker that is there, by its name."""
    names = {address: info["name"] for address, info in lab.client.scheduler_info(n_workers=-1)["workers"].items()}
    found = lab.client.run(os.getpid, workers=list(names), on_error="ignore")
    return {names[address]: pid for address, pid in found.items()}


def main() -> None:
    lab = Lab(Store(sys.argv[1]))
    lab.warm_up()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        match line.split():
            case ["pids"]:
                answer = worker_pids(lab)
            case ["call"]:
                answer = lab.call("os:getpid", fresh=True)
            case ["ranks"]:
                answer = lab.submit(ranks())
            case ["long"]:
                answer = lab.submit(race(20_000_000))
            case ["race"]:  # always the same one, saved often
                lab.describe()
                lab.client.run(save_often)
                answer = lab.submit(race(MIDDLE_TOKENS, first_seed=0))
            case ["go_on", experiment_id]:
                answer = lab.go_on(experiment_id)
            case ["next"]:
                answer = lab.submit(race(20_000))
            case ["stop", experiment_id]:
                answer = lab.stop(experiment_id)
        print(json.dumps(answer), flush=True)
    lab.close()


if __name__ == "__main__":
    main()
