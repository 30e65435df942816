"""Data parallel training in processes of their own: started, listened to, and ended, whatever happens to them.

`run` starts torch's elastic launcher, which starts the ranks; each of them is `python -m core
distribute`, the very command that a shell can give `torchrun`. What rank 0 tells (`core/strategies/data_parallel.py`
has it) comes through a pipe, and from every rank a sign of life twice a second. Where one stays silent or dies, all
are ended and a ValueError says so in a sentence. Runs in a worker, or in a shell.

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
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from core.experiments.messages import Message, Progress
from core.experiments.parallel.messages import Started
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.registry import from_json, kind_of, to_json

START_SECONDS = 60  # until every rank has given a sign of life: each loads torch first
SILENT_SECONDS = 10  # then a rank that gives none for so long hangs
BEAT_SECONDS = 0.5
LOOK_SECONDS = 0.02  # sooner than the launcher looks: who died first should be seen
TROUBLE_SECONDS = 1
END_SECONDS = 5
FOLDER = "batchscope-ranks-"


# ---- in a rank


def run_rank(spec: ParallelSpec, emit, beating: bool) -> None:
    """What one rank does, where the launcher has set its place in the environment. `emit` gets a dict a message."""
    rank = int(os.environ["RANK"])
    if beating:
        threading.Thread(target=beat, args=(rank, emit), daemon=True).start()  # before torch is loaded
    from core.engine import Training
    from core.strategies.data_parallel import Group, train_ranks

    with Group(spec.race.train.device) as group:
        race = spec.race_of(group.num_ranks)
        corpus, gpt_config = race.build()
        train = replace(race.train, device=group.device)
        train_ranks(group, Training(corpus.train_ids, corpus.val_ids, gpt_config, train), spec.plan, emit)
    emit({"kind": "finished", "rank": rank})


def beat(rank: int, emit) -> None:
    """A sign of life, again and again. Where nobody listens any more, this process ends."""
    while True:
        try:
            emit({"kind": "beat", "rank": rank, "pid": os.getpid()})
        except OSError:
            os._exit(1)
        time.sleep(BEAT_SECONDS)


def write_line(message: dict) -> None:
    """One line on the standard output, in one piece: several processes share the pipe."""
    os.write(1, (json.dumps(message) + "\n").encode())


# ---- around them


def run(spec: ParallelSpec) -> Iterator[Message]:
    race = spec.race_of(spec.num_ranks)
    _, gpt_config = race.build()
    yield Started(num_ranks=spec.num_ranks, num_parameters=gpt_config.num_parameters, vocab_size=gpt_config.vocab_size)
    forget_folders()
    written = json.dumps({"settings": to_json(spec), "text": spec.text}).encode()
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}{os.getpid()}-") as folder, readable(written) as path:
        ranks = Launch(spec, path, folder)
        try:
            yield from ranks.messages()
        finally:
            ranks.end()


@contextlib.contextmanager
def readable(content: bytes) -> Iterator[Path]:
    """A path at which other processes of this user can read it, while this process lives. In memory, so that no end of
    ours can leave a text on a disk; where the system has no such files, in one that only this user can read."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("batchscope"), "w+b") as file:
            file.write(content)
            file.flush()
            yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield Path(file.name)


def forget_folders() -> None:
    """Those of processes that were killed: the launcher keeps its own files there."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        if not psutil.pid_exists(int(folder.name.removeprefix(FOLDER).partition("-")[0])):
            shutil.rmtree(folder, ignore_errors=True)


def read_spec(path: str) -> ParallelSpec:
    values = json.loads(Path(path).read_text(encoding="utf-8"))
    spec = from_json(values["settings"], values["text"])
    assert isinstance(spec, ParallelSpec)
    return spec


class Launch:
    """The launcher and its ranks, from their start to their end."""

    def __init__(self, spec: ParallelSpec, spec_path: Path, log_folder: str):
        self.spec = spec
        self.pids: dict[int, int] = {}  # by rank
        self.heard_at: dict[int, float] = {}
        self.finished: set[int] = set()
        self.died: list[int] = []  # the first one first
        self.failed: dict[int, str] = {}  # what went wrong, by rank
        self.trouble_since: float | None = None
        self.began = time.monotonic()
        launch = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--max-restarts=0",
            f"--nproc-per-node={spec.num_ranks}",
        ]
        launch += [
            "--nnodes=1",
            "--rdzv-backend=c10d",
            f"--rdzv-endpoint=127.0.0.1:{spec.port}",
            "--local-addr=127.0.0.1",
            f"--log-dir={log_folder}",
        ]
        command = [*launch, "-m", "core", "distribute", "--spec-file", str(spec_path)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        assert self.process.stdout
        self.pipe = self.process.stdout

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
        if self.died or self.failed:  # one rank's end takes others along: hear them all before one is named
            self.trouble_since = self.trouble_since or now
            if now - self.trouble_since > TROUBLE_SECONDS:
                self._blame()
            return
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
