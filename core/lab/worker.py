"""What runs inside a worker process: it loads torch before the first click, and turns an experiment into events.

Control comes from outside, through `control`, which the scheduler runs beside the experiment's own thread.
"""

import collections
import contextlib
import os
import time
from functools import partial

import psutil
import torch
from distributed import get_worker

import core.model.trace  # noqa: F401  # with all that a page asks for, before it does
from core.engine import find_device, found_devices
from core.engine.devices import LEFT_TO_VIEWERS, gpu_bytes, usable_cores, use_cores
from core.engine.process import free_bytes, give_back_memory, left_by_limit, limit_growth
from core.experiments.kind import Spec
from core.experiments.messages import to_dict
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import KINDS, kind_of
from core.lab.checkpoints import Checkpoints, ExperimentKeeper
from core.lab.sender import Sender
from core.lab.store import Status
from core.measure.capacity import device_lost, out_of_memory
from core.measure.memory import Machine
from core.training import TrainConfig

REFUSED_AT = 0.9  # of the memory at whose limit Dask ends a worker
UNUSED_BYTES = 96 * 2**20  # that a process has asked for and does not use, as of threads; seen: 22 to 81 MB
WORN_AT = 0.6  # of what its limit left at first, a process is started again after its experiment
USED_AT_MOST = 0.8  # of what is free, by an estimate

for kind in KINDS.values():
    kind.load()  # before a page asks for it

_left_at_first: list[float] = []  # bytes by the limit, once there is one
_wishes: dict[str, str] = {}  # what is wanted of an experiment, by its id: "pause", "resume" or "stop"


def dask_setup(worker) -> None:
    """Run the smallest race once before the worker takes work: what torch and scipy put off until first use, a second
    in all, and some more on a GPU, should not be put off until the first click. And where torch takes its memory from
    the processor's, have it be refused some before Dask, or the system, ends the process. Dask calls this when it has
    loaded this file."""
    if worker.state.total_resources.get("race"):
        run_smallest_race("cpu")
        with contextlib.suppress(Exception):  # what is wrong with a GPU is told to who asks for it
            if found_devices()[0] != "cpu":
                run_smallest_race("auto")
    limit = worker.memory_manager.memory_limit
    if limit and found_devices()[0] == "cpu":
        limit_growth(UNUSED_BYTES + int(REFUSED_AT * (limit - psutil.Process().memory_info().rss)))
        _left_at_first.append(left_by_limit())


def run_smallest_race(device: str) -> None:
    plan = TrainConfig(batch_sizes=(1,), num_seeds=1, max_tokens=60, device=device)
    collections.deque(KINDS["race"].run(RaceSpec(text="ab" * 20, block_size=2, train=plan)), maxlen=0)


def control(experiment_id: str, wish: str) -> None:
    _wishes[experiment_id] = wish


def describe() -> Machine:
    """What this worker has."""
    devices = dict.fromkeys(found_devices(), int(USED_AT_MOST * max(0, free_bytes() - UNUSED_BYTES)))
    if "cuda" in devices:
        devices["cuda"] = torch.cuda.mem_get_info()[0]
    return Machine(
        devices=devices,
        num_gpus=torch.cuda.device_count(),
        gpu_bytes=gpu_bytes(find_device("auto")) if len(devices) > 1 else 0,
        num_threads=usable_cores(LEFT_TO_VIEWERS),
    )


def run(experiment_id: str, topic: str, spec: Spec, kept_at: str, checkpoint: str = "") -> None:
    """Run an experiment to its end, from the checkpoint of that name on if there is one, sending lists of messages to
    the topic several times a second. `kept_at` is the address of its checkpoints.

    The last message is {"kind": "ended", "status": "done" | "stopped" | "failed", "sentence"}. No exception leaves, for
    it would be logged.
    """
    use_cores(leave=LEFT_TO_VIEWERS)
    sender = Sender(lambda messages: get_worker().log_event(topic, {"experiment": experiment_id, "messages": messages}))
    checkpoints = Checkpoints(kept_at)
    keeper = ExperimentKeeper(checkpoints, experiment_id, checkpoint, partial(sender.send, now=True))
    status, sentence, lost = Status.DONE, "", False
    try:
        for message in kind_of(spec).run(spec, keeper):
            values = to_dict(message)
            if values["kind"] == "started":
                values["worker"] = get_worker().address
            sender.send(values)
            if _wishes.get(experiment_id) == "pause":
                sender.send({"kind": "paused"}, now=True)
                while _wishes.get(experiment_id) == "pause":
                    time.sleep(0.05)
                sender.send({"kind": "resumed"}, now=True)
            if _wishes.get(experiment_id) == "stop":
                status = Status.STOPPED
                break
    except Exception as error:
        status, sentence, lost = Status.FAILED, sentence_of(error), device_lost(error)
    _wishes.pop(experiment_id, None)
    if status == Status.DONE and keeper.names:
        with contextlib.suppress(OSError):  # the server forgets it later
            checkpoints.remove(experiment_id)
    give_back_memory()
    sender.send({"kind": "ended", "status": status.value, "sentence": sentence}, now=True)
    if lost or is_worn():
        start_again()


def is_worn() -> bool:
    """Whether earlier experiments hold, in pieces, so much of what this process may have that the next one lacks it."""
    return any(left_by_limit() < WORN_AT * first for first in _left_at_first)


def sentence_of(error: Exception) -> str:
    """What a reader is told of it: a sentence of ours. No other word of an error leaves, for it could be of the pasted
    text."""
    if isinstance(error, ValueError):
        return str(error)
    if out_of_memory(error):
        return "The memory was not enough for this: take a smaller model or smaller batches."
    if device_lost(error):
        return "The GPU failed, and the worker that uses it is started again: try once more."
    return f"It ended with an error of the program ({type(error).__name__})."


def start_again() -> None:
    """End this process, a moment after its last words, so that Dask's nanny starts another one."""
    time.sleep(1)
    os._exit(1)
