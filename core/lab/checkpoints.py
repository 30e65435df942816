"""Checkpoints: where an experiment stands, in a file, so that one that was cut off goes on from there, on any worker.

They stand in BATCHSCOPE_CHECKPOINTS, a folder or a bucket by its address (`s3://name/folder`, with what fsspec asks for
it installed), which all workers and servers must reach; those of each database in a folder of its own. Each is a file
of safetensors, which holds arrays and no code, and is there whole or not at all. The last two of an experiment are kept
until it is done.
"""

import contextlib
import hashlib
import json
import logging
import os
import secrets
import stat
import time
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Self

import fsspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from core.engine.cache import cache_folder
from core.experiments.feed import CHECKPOINT
from core.training import State

VARIABLE = "BATCHSCOPE_CHECKPOINTS"
EVERY_SECONDS = 10.0  # at most
COST_SHARE = 0.02  # of an experiment's time, at most
KEPT = 2  # of an experiment, the newest ones: the very last may not have been told of in time
VALUES = "values"  # the array that holds what is no array, as JSON

log = logging.getLogger("batchscope")


class Checkpoints:
    """Those of all experiments. Every method raises OSError where the place is away."""

    def __init__(self, address: str):
        self.address = address

    @classmethod
    def of(cls, database_url: str) -> Self:
        """Those of the experiments in that database."""
        place = os.environ.get(VARIABLE) or str(cache_folder() / "checkpoints")
        return cls(f"{place}/{hashlib.sha256(database_url.encode()).hexdigest()[:16]}")

    @cached_property
    def _place(self) -> tuple[fsspec.AbstractFileSystem, str]:
        try:
            files, folder = fsspec.core.url_to_fs(self.address)
        except (ValueError, ImportError) as error:  # no such kind of place, or its package is missing
            raise OSError(f"{VARIABLE} cannot be used: {error}") from None
        files.makedirs(folder, exist_ok=True)
        if "file" in files.protocol:
            os.chmod(folder, stat.S_IRWXU)  # weights tell something of a text
        return files, folder

    def write(self, experiment_id: str, name: str, state: State) -> None:
        """In another file first: whoever reads finds all of it or nothing."""
        files, folder = self._place
        arrays = {name: np.asarray(array, order="C") for name, array in state.arrays.items()}
        values = np.frombuffer(json.dumps(dict(state.values)).encode(), np.uint8)
        files.makedirs(f"{folder}/{experiment_id}", exist_ok=True)
        path = f"{folder}/{experiment_id}/{name}"
        files.pipe_file(f"{path}.new", save(arrays | {VALUES: values}))
        files.mv(f"{path}.new", path)

    def read(self, experiment_id: str, name: str) -> State | None:
        """None where it is not there, or not whole."""
        files, folder = self._place
        try:
            arrays = load(files.cat_file(f"{folder}/{experiment_id}/{name}"))
            values = json.loads(arrays.pop(VALUES).tobytes())
        except (FileNotFoundError, SafetensorError, KeyError, ValueError):
            return None
        return State(values, arrays)

    def remove(self, experiment_id: str, name: str = "") -> None:
        """One of an experiment, or all."""
        files, folder = self._place
        with contextlib.suppress(FileNotFoundError):
            files.rm(f"{folder}/{experiment_id}/{name}".rstrip("/"), recursive=not name)

    def keep_only(self, experiment_ids: Collection[str]) -> None:
        """Remove those of all other experiments."""
        files, folder = self._place
        for path in files.ls(folder, detail=False):
            if (experiment_id := path.rstrip("/").rpartition("/")[2]) not in experiment_ids:
                self.remove(experiment_id)


class ExperimentKeeper:
    """Saves one experiment on its way: see `core.experiments.kind.Keeper`.

    begins_at: the name of the checkpoint from which it goes on; empty where it begins.
    tell: called with a message once a checkpoint is there; all messages before it must have been sent.
    """

    def __init__(self, checkpoints: Checkpoints, experiment_id: str, begins_at: str, tell: Callable[[dict], None]):
        self.checkpoints, self.experiment_id, self.begins_at, self.tell = checkpoints, experiment_id, begins_at, tell
        self.names = [begins_at] if begins_at else []  # of those that are there
        self.next_at = time.monotonic() + EVERY_SECONDS

    def last(self) -> State | None:
        """Raises ValueError, with a sentence, where it is gone: to begin anew would tell all a second time."""
        if not self.begins_at:
            return None
        if state := self.checkpoints.read(self.experiment_id, self.begins_at):
            return state
        raise ValueError("The checkpoint from which this should go on is gone: start it again.")

    def offer(self, saved: Callable[[], State]) -> None:
        began = time.monotonic()
        if began < self.next_at:
            return
        state = saved()
        try:
            self._save(state)
        except Exception as error:  # a full disk, or whatever a bucket's own package raises: training goes on without
            log.error("A checkpoint could not be written (%s).", type(error).__name__)
        now = time.monotonic()
        self.next_at = now + max(EVERY_SECONDS, (now - began) / COST_SHARE)

    def _save(self, state: State) -> None:
        name = secrets.token_hex(8)  # no other's: a worker that was given up may still run
        self.checkpoints.write(self.experiment_id, name, state)
        self.names.append(name)
        self.tell({"kind": CHECKPOINT, "name": name})
        if len(self.names) > KEPT:
            self.checkpoints.remove(self.experiment_id, self.names.pop(0))
