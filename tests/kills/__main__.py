"""`python -m tests.kills`: is anything lost when processes are killed? Again and again a race or a training in ranks is
begun, and one of the processes is killed: a worker (also again while it starts), a rank, or the server. Then the next
race has to be done in time, and what was recorded has to be there. In the end nothing may be left running, nor anything
of the text on the disk but in the database.

Ends with 0 where all held, with 1 otherwise. Two processes keep the machine busy meanwhile.
"""

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import click
import psutil

from core.experiments.parallel.run import RANKS_MODULE
from core.lab.store import Store
from tests.kills.host import MARK

ROOT = Path(__file__).parents[2]
TARGETS = ("race worker", "race worker twice", "call worker", "call worker twice", "rank", "server")
NEXT_SECONDS = 30.0  # within which the next race is done
BUSY = "while True: pass"


class Fault(Exception):
    """Something that should not be."""


class Host:
    """The process with the lab; started again where it was killed."""

    def __init__(self, folder: Path):
        self.url, self.temporary = f"sqlite:///{folder}/kills.db", folder / "temporary"
        self.temporary.mkdir()
        self.family: dict[int, psutil.Process] = {}  # all that were ever seen
        self.start()
        self.store = Store(self.url)

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.kills.host", self.url]
        environment = os.environ | {"TMPDIR": str(self.temporary), "BATCHSCOPE_CACHE": str(self.temporary)}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise Fault("the process with the lab ended by itself")
        self.remember()
        return json.loads(line)

    def ask(self, wish: str):
        self.process.stdin.write(wish + "\n")
        self.process.stdin.flush()
        return self.read()

    def remember(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in (psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(True)):
                self.family.setdefault(process.pid, process)

    def records(self, experiment_id: str) -> list[dict]:
        return self.store.read(experiment_id, at_most=10**6)[0]

    def left(self) -> list[psutil.Process]:
        _, there = psutil.wait_procs(self.family.values(), timeout=20)
        return [process for process in there if process.status() != psutil.STATUS_ZOMBIE]


def wait_for(what: str, found: Callable, seconds: float):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := found():
            return value
        time.sleep(0.02)
    raise Fault(f"{what}: not within {seconds:.0f} s")


def kill(host: Host, target: str, experiment_id: str, dice: random.Random) -> None:
    """Kill that process, and perhaps the one that comes in its place."""
    if target == "server":
        host.remember()
        host.process.kill()
        host.process.wait()
        host.start()
        return
    name = "call-0" if target.startswith("call") else "race"
    pid = wait_for(f"the {name} worker", lambda: host.ask("pids").get(name), 60)
    if target == "rank":
        ranks = wait_for("the ranks", lambda: [p.pid for p in host.family.values() if is_rank(p)], 60)
        pid = dice.choice(ranks)
    psutil.Process(pid).kill()
    if target.endswith("twice"):
        time.sleep(dice.uniform(0.0, 4.0))
        host.remember()
        young = max(host.family.values(), key=lambda process: process.create_time())
        with contextlib.suppress(psutil.NoSuchProcess):
            young.kill()


def is_rank(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return (launcher := process.parent()) is not None and RANKS_MODULE in launcher.cmdline()
    return False


def one_round(host: Host, target: str, dice: random.Random) -> float:
    """Begin something, kill something; returns after how many seconds the next race was done."""
    began = host.ask("ranks" if target == "rank" else "long")
    if target == "rank" or dice.random() < 0.7:  # else it is killed while it begins
        wait_for("the first records", lambda: host.remember() or len(host.records(began)) > 2, 60)
    kept = host.records(began)
    killed_at = time.monotonic()
    kill(host, target, began, dice)
    if target.startswith("call"):
        host.ask("call")
    if target != "server":
        host.ask(f"stop {began}")  # what was killed before it began is begun again
    following = host.ask("next")
    wait_for(f"the race after a killed {target}", lambda: host.store.status(following)[0] == "done", NEXT_SECONDS)
    took = time.monotonic() - killed_at
    if host.records(began)[: len(kept)] != kept:
        raise Fault(f"records are gone after a killed {target}")
    return took


@click.command(help=__doc__)
@click.option("--kills", default=100, show_default=True, type=click.IntRange(1, 1_000))
@click.option("--seconds", default=3_000.0, show_default=True, help="Then it ends, however many there were.")
@click.option("--first-seed", default=0, show_default=True, help="Of the dice.")
def main(kills: int, seconds: float, first_seed: int) -> None:
    dice, until = random.Random(first_seed), time.monotonic() + seconds
    took, faults = defaultdict(list), []
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        try:
            for number in range(kills):
                if time.monotonic() > until:
                    break
                target = TARGETS[number % len(TARGETS)]
                try:
                    took[target].append(one_round(host, target, dice))
                except (Fault, psutil.Error, OSError) as fault:
                    faults.append(f"kill {number}, {target}: {fault}")
                    click.echo(faults[-1])
                    host.process.kill()
                    host.start()
            faults += at_the_end(host)
        finally:
            for process in (*busy, *host.family.values()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
    report(took, faults)
    sys.exit(1 if faults else 0)


def at_the_end(host: Host) -> list[str]:
    """What should not be there once the process with the lab has ended."""
    host.process.stdin.close()
    host.process.wait(timeout=60)
    faults = [f"left running: {process.pid}" for process in host.left()]
    for file in host.temporary.rglob("*"):
        if file.is_file() and MARK.encode() in file.read_bytes():
            faults.append(f"the text stands in {file.name}")
    return faults


def report(took: dict[str, list[float]], faults: list[str]) -> None:
    for target, seconds in took.items():
        middle = sorted(seconds)[len(seconds) // 2]
        click.echo(
            f"{target}: {len(seconds)} kills, the next race done after {middle:.1f} s, {max(seconds):.1f} at most"
        )
    click.echo(f"{sum(map(len, took.values()))} kills, {len(faults)} faults")
    for fault in faults:
        click.echo(f"    {fault}")


if __name__ == "__main__":
    main()
