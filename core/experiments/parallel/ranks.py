"""What runs in the processes of a data parallel training: the launcher, which `run.py` starts, and its ranks.

`python -m core.experiments.parallel.ranks LOG_FOLDER` is the launcher. It reads the experiment from its standard input,
so that no text is on a disk, whatever ends whom.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace

from core.experiments.parallel.spec import ParallelSpec
from core.experiments.registry import from_json

BEAT_SECONDS = 0.5


def main(log_folder: str) -> None:
    """Start the ranks, and stay until they have ended."""
    values = json.load(sys.stdin)
    spec = from_json(values["settings"], values["text"])
    assert isinstance(spec, ParallelSpec)
    from core.strategies.launcher import launch

    launch(as_rank, spec, spec.num_ranks, spec.port, log_folder)


def as_rank(spec: ParallelSpec) -> None:
    """A rank of the app's, that tells it what goes wrong in a sentence, too."""
    for ending in (signal.SIGINT, signal.SIGTERM):  # from the launcher, or because of its end: at once, wherever it is
        signal.signal(ending, signal.SIG_DFL)
    try:
        run_rank(spec, write_line, beating=True)
    except Exception as error:
        lost = f"it lost the others, or had an error of the program ({type(error).__name__})."
        sentence = str(error) if isinstance(error, ValueError) else lost
        with contextlib.suppress(OSError):  # nobody listens any more; torch would write a traceback to a file
            write_line({"kind": "failed", "rank": int(os.environ["RANK"]), "sentence": sentence})
        raise SystemExit(1) from None


def run_rank(spec: ParallelSpec, emit, beating: bool) -> None:
    """What one rank does, where the launcher has set its place in the environment. `emit` gets a dict a message."""
    rank = int(os.environ["RANK"])
    if beating:
        threading.Thread(target=beat, args=(rank, emit), daemon=True).start()
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


if __name__ == "__main__":
    main(sys.argv[1])
