"""Data parallel training in processes of their own: started, listened to, and ended, whatever happens to them.

`run` starts torch's elastic launcher, which starts the ranks (`ranks.py` is what runs there). What rank 0 tells
(`core/strategies/data_parallel.py` has it) comes through a pipe, and from every rank a sign of life twice a second.
Where one stays silent or dies, all are ended and a ValueError says so in a sentence. Runs in a worker, or in a shell.
"""

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from core.experiments.messages import Message, Progress
from core.experiments.parallel.messages import Started
from core.experiments.parallel.ranks import BEAT_SECONDS
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.registry import kind_of, to_json

START_SECONDS = 60  # until every rank has given a sign of life: torch is loaded first
SILENT_SECONDS = 10  # then a rank that gives none for so long hangs
LOOK_SECONDS = 0.02  # sooner than the launcher looks: who died first should be seen
TROUBLE_SECONDS = 1
END_SECONDS = 5
FOLDER = "batchscope-ranks-"
RANKS_MODULE = "core.experiments.parallel.ranks"


def run(spec: ParallelSpec) -> Iterator[Message]:
    race = spec.race_of(spec.num_ranks)
    _, gpt_config = race.build()
    yield Started(num_ranks=spec.num_ranks, num_parameters=gpt_config.num_parameters, vocab_size=gpt_config.vocab_size)
    forget_folders()
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}{os.getpid()}-") as folder:
        ranks = Launch(spec, folder)
        try:
            yield from ranks.messages()
        finally:
            ranks.end()


def forget_folders() -> None:
    """Those of processes that were killed: the launcher keeps its own files there."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        if not psutil.pid_exists(int(folder.name.removeprefix(FOLDER).partition("-")[0])):
            shutil.rmtree(folder, ignore_errors=True)


class Launch:
    """The launcher and its ranks, from their start to their end."""

    def __init__(self, spec: ParallelSpec, log_folder: str):
        self.spec = spec
        self.pids: dict[int, int] = {}  # by rank
        self.heard_at: dict[int, float] = {}
        self.finished: set[int] = set()
        self.died: list[int] = []  # the first one first
        self.failed: dict[int, str] = {}  # what went wrong, by rank
        self.trouble_since: float | None = None
        self.began = time.monotonic()
        command = [sys.executable, "-m", RANKS_MODULE, log_folder]
        path = os.pathsep.join(p for p in sys.path if p)
        environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "TMPDIR": log_folder}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        assert self.process.stdin and self.process.stdout
        self.pipe = self.process.stdout
        with contextlib.suppress(BrokenPipeError), self.process.stdin as experiment:  # it has ended: seen below
            experiment.write(json.dumps({"settings": to_json(spec), "text": spec.text}).encode())

    def messages(self) -> Iterator[Message]:
        """What rank 0 tells, and how far it is. Raises ValueError where a rank dies or hangs."""
        steps = 0
        for message in self._lines():
            rank = message.get("rank", 0)
            match message["kind"]:
                case "quiet":
                    pass
                case "beat":
                    self.pids[rank], self.heard_at[rank] = message["pid"], time.monotonic()
                    there = f"{len(self.pids)} of {self.spec.num_ranks} processes are there"
                    doing = f"step {steps:,}" if steps else there
                    if rank == 0:
                        yield Progress(steps / self.spec.plan.num_steps, doing)
                case "finished":
                    self.finished.add(rank)
                case "failed":
                    self.failed[rank] = message["sentence"]
                case _:
                    steps = message.get("step", steps)
                    yield kind_of(self.spec).message(message)
            self._check()
        while len(self.finished) < self.spec.num_ranks:  # nobody writes any more, and not all have finished
            self._check()
            time.sleep(BEAT_SECONDS)

    def _lines(self) -> Iterator[dict]:
        """The messages as they come; {"kind": "quiet"} where none has for a while. Ends with the launcher."""
        rest = b""
        pipe = self.pipe
        os.set_blocking(pipe.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                ready = selector.select(LOOK_SECONDS)
                data = pipe.read() if ready else None
                if ready and not data:  # all that could write have ended
                    return
                *lines, rest = (rest + (data or b"")).split(b"\n")
                yield from (json.loads(line) for line in lines if line.startswith(b"{"))
                yield {"kind": "quiet"}

    def _check(self) -> None:
        now = time.monotonic()
        waited = [rank for rank in range(self.spec.num_ranks) if rank not in self.finished]
        for rank in waited:
            if rank in self.pids and rank not in self.died and not alive(self.pids[rank]):
                self.died.append(rank)
        self.died = [rank for rank in self.died if rank not in self.finished]  # its last word was read after its end
        if self.died or self.failed:  # one rank's end takes others along: hear them all before one is named
            self.trouble_since = self.trouble_since or now
            if now - self.trouble_since > TROUBLE_SECONDS:
                self._blame()
            return
        self.trouble_since = None
        for rank in waited:
            if now - self.heard_at.get(rank, now) > SILENT_SECONDS:
                raise ValueError(f"Rank {rank} has given no sign of life for {SILENT_SECONDS} s. All ranks were ended.")
        if len(self.pids) < self.spec.num_ranks:
            if self.process.poll() is not None:
                raise ValueError("The launcher ended before all ranks were there. Try again, or with fewer ranks.")
            if now - self.began > START_SECONDS:
                raise ValueError(f"{self.spec.num_ranks} ranks did not meet within {START_SECONDS} s. Try fewer.")

    def _blame(self) -> None:
        """The first rank that died without a word is the reason why others lost it, or were ended by the launcher."""
        if died := [rank for rank in self.died if rank not in self.failed]:
            raise ValueError(f"Rank {died[0]} died, probably out of memory. All ranks were ended.")
        rank, sentence = min(self.failed.items())
        raise ValueError(f"Rank {rank}: {sentence}")

    def end(self) -> None:
        """End the launcher and every rank that is left. Safe to call at any time."""
        ranks = {*self.pids.values()}
        with contextlib.suppress(psutil.Error):
            ranks |= {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}
        for pid in ranks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)  # the launcher sees that they are gone, buries them and goes too
        self.process.kill()
        self.process.wait()
        self.pipe.close()


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
