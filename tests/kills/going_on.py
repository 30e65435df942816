"""`python -m tests.kills.going_on`: does a race that is cut off find what it would have found? Again and again the same
race is begun, and at a random moment its worker is killed, or the server with its scheduler. It goes on from a
checkpoint, by itself or when it is told to, and has to end with the losses of one that nothing disturbed, to the bit.

Ends with 0 where all did, with 1 otherwise. Two processes keep the machine busy meanwhile, but for `--quiet`.
"""

import contextlib
import random
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import click
import numpy as np
import psutil

from core.experiments.feed import CONTINUED
from core.experiments.race.results import run_losses
from core.experiments.registry import from_json
from tests.kills.__main__ import BUSY, Fault, Host, at_the_end, kill, wait_for

TARGETS = ("race worker", "server")
DONE_SECONDS = 120


def all_losses(host: Host, race_id: str) -> np.ndarray:
    spec = from_json(host.store.experiment(race_id).settings)
    read = partial(host.store.read, race_id)
    runs = [(b, seed) for b in spec.train.batch_sizes for seed in spec.train.seeds]
    return np.concatenate([run_losses(read, spec, *run) for run in runs])


def until_done(host: Host, race_id: str) -> np.ndarray:
    wait_for("the race's end", lambda: not host.store.status(race_id)[0].active, DONE_SECONDS)
    if host.store.status(race_id)[0] != "done":
        raise Fault(f"it ended otherwise: {host.store.status(race_id)}")
    return all_losses(host, race_id)


def one_round(host: Host, target: str, dice: random.Random, undisturbed: np.ndarray, seconds: float) -> bool:
    """Begin the race, kill at some moment within about so many seconds after its first checkpoint. Returns whether it
    was cut off by that."""
    race_id = host.ask("race")
    wait_for("a checkpoint", lambda: host.remember() or host.store.checkpoints(race_id), 60)
    time.sleep(dice.uniform(0, seconds))
    kill(host, target, race_id, dice)
    if target == "server" and host.store.status(race_id)[0] != "done":
        host.ask(f"go_on {race_id}")
    if not np.array_equal(until_done(host, race_id), undisturbed, equal_nan=True):
        raise Fault("its losses are others")
    return any(record["kind"] == CONTINUED for record in host.records(race_id))


@click.command(help=__doc__)
@click.option("--kills", default=50, show_default=True, type=click.IntRange(1, 1_000))
@click.option("--seconds", default=1_800.0, show_default=True, help="Then it ends, however many there were.")
@click.option("--first-seed", default=0, show_default=True, help="Of the dice.")
@click.option("--quiet", is_flag=True, help="Let nothing else keep the machine busy.")
def main(kills: int, seconds: float, first_seed: int, quiet: bool) -> None:
    dice, until = random.Random(first_seed), time.monotonic() + seconds
    faults, num_kills, num_cut_off = [], 0, 0
    busy = [] if quiet else [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        try:
            first = host.ask("race")
            began = time.monotonic()
            undisturbed = until_done(host, first)
            takes = time.monotonic() - began
            while num_kills < kills and time.monotonic() < until:
                target = TARGETS[num_kills % len(TARGETS)]
                num_kills += 1
                try:
                    num_cut_off += one_round(host, target, dice, undisturbed, takes / 2)
                except (Fault, psutil.Error, OSError) as fault:
                    faults.append(f"kill {num_kills}, {target}: {fault}")
                    click.echo(faults[-1])
            faults += at_the_end(host)
        finally:
            for process in (*busy, *host.family.values()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
    click.echo(
        f"{num_kills} kills in a race of {takes:.0f} s, {num_cut_off} of which it went on after; {len(faults)} faults"
    )
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
