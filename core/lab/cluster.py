"""Who runs what: a Dask cluster with one worker for experiments (races, mostly) and others for short calls.

By default the cluster is started here, on this machine, and dies with this process. With BATCHSCOPE_SCHEDULER=
tcp://host:8786 one that already exists is used; its workers say what they take with `--resources "race=1"` or
`--resources "call=8"`, and must be able to import `core`. Experiments wait in line while all workers for them are busy;
a short call is answered at once also then. This process never imports torch.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from core.experiments.kind import Spec
from core.experiments.registry import from_json, to_json
from core.lab.calls import Calls
from core.lab.checkpoints import Checkpoints
from core.lab.database import StoreError
from core.lab.digest import digest_of_experiment
from core.lab.intake import Intake
from core.lab.line import Entry, Line
from core.lab.local_cluster import LocalCluster
from core.lab.remote import LabError, control_in_worker, describe_in_worker, run_in_worker
from core.lab.servers import HEARTBEAT_SECONDS
from core.lab.store import Status, Store
from core.lab.writer import Writer
from core.measure.memory import Machine

WATCH_SECONDS = 1.0
HOUR_SECONDS = 3600  # how often old ones are forgotten
READY_SECONDS = 60  # that a worker for experiments may take to be there
FLUSH_SECONDS = 5  # that the database may take for what waits, before an experiment goes on elsewhere
MAX_ACTIVE = 64  # that run or wait here at once

log = logging.getLogger("batchscope")


class Lab:
    """Runs experiments and short calls in workers, and writes what they send to the store. One for a server process."""

    def __init__(self, store: Store, is_there: Callable[[str], bool] = lambda visitor: True):
        self.store, self.writer = store, Writer(store)
        self.lock = threading.Lock()  # of starting
        self.cluster: LocalCluster | None = None  # if it is our own
        self.client: Any = None
        self.calls: Calls | None = None
        self.topic = f"batchscope-{os.getpid()}-{time.time_ns()}"
        self.line = Line(is_there)
        self.submit_lock = threading.Lock()  # beside the line's: a store may be slow, and pages ask the line
        self.machine: Machine | None = None  # that experiments run on, once a worker has told
        self.checkpoints = Checkpoints.of(store.database.url)
        # what is old, every hour; who keeps more beside it adds theirs
        self.forgetting = [store.forget_old, self._forget_checkpoints]
        self.closed = threading.Event()

    # ---- the cluster

    def start(self) -> None:
        """Start or join the cluster, and load torch in its workers. Takes some seconds; safe to call again, also after
        it has failed. Raises LabError, with a sentence."""
        with self.lock:
            if self.client:
                return
            from distributed import Client  # half a second that the first page need not wait for

            address = os.environ.get("BATCHSCOPE_SCHEDULER")
            try:
                self.cluster = None if address else LocalCluster()
                client = Client(self.cluster.dask if self.cluster else address, timeout=10, set_as_default=False)
            except (OSError, RuntimeError) as error:
                if self.cluster:
                    self.cluster.close()
                if address:
                    raise LabError(
                        f"No cluster answers at {address}: start it, or unset BATCHSCOPE_SCHEDULER."
                    ) from error
                raise LabError("The worker could not be started. Try again in a moment.") from error
            client.subscribe_topic(self.topic, Intake(self.line, self.writer).take)
            self.client, self.calls = client, Calls(client, self.cluster)
        threading.Thread(target=self._watch, name="batchscope-watch", daemon=True).start()

    def _watch(self) -> None:
        """Say that what runs is alive, stop what nobody looks at, bring workers back, forget what is old."""
        beat_at = forgot_at = time.monotonic()
        while not self.closed.wait(WATCH_SECONDS):
            now = time.monotonic()
            with contextlib.suppress(Exception):  # a database that is away for a moment must not end the watch
                if self.cluster:
                    self.cluster.keep_alive()
                to_stop, to_resume = self.line.overdue()
                for experiment_id in to_stop:
                    self.stop(experiment_id)
                for experiment_id in to_resume:
                    self.resume(experiment_id)
                self._hand_over()  # to a worker that has come
                if now - beat_at >= HEARTBEAT_SECONDS:
                    beat_at = now
                    self.store.still_here()
                    for experiment_id in list(self.line.entries):
                        if self.store.status(experiment_id) is None:  # its database was deleted
                            self.stop(experiment_id)
                if now - forgot_at >= HOUR_SECONDS:
                    forgot_at = now
                    for forget in self.forgetting:
                        forget()

    def _forget_checkpoints(self) -> None:
        self.checkpoints.keep_only(self.store.unfinished())

    def close(self) -> None:
        self.closed.set()
        for part in (self.calls, self.client, self.cluster):
            if part:
                with contextlib.suppress(TimeoutError):  # a worker that is just being started again
                    part.close()
        self.client = self.cluster = self.calls = None
        self.writer.close()

    # ---- short calls

    def call(self, function: str, *args, fresh: bool = False, waiting: Callable[[int], None] | None = None) -> Any:
        """See `Calls.ask`. A cluster of our own has workers for calls from the first call on: they would hold up the
        first race."""
        self.start()
        assert self.calls
        if self.cluster:
            with self.lock:
                self.cluster.start_call_workers()
        return self.calls.ask(function, *args, fresh=fresh, waiting=waiting)

    def describe(self) -> Machine:
        """What the machine that experiments run on has."""
        if self.machine is None:
            self.start()
            worker = self._race_worker()
            self.machine = self.client.run(describe_in_worker, workers=[worker])[worker]  # also while it is busy
        return self.machine

    def _race_workers(self) -> list[str]:
        """The addresses of the workers that take experiments."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        return [address for address, worker in workers.items() if worker["resources"].get("race")]

    def _race_worker(self) -> str:
        """The address of one of them, as soon as there is one."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if workers := self._race_workers():
                return workers[0]
            time.sleep(0.05)
        if self.cluster:
            raise LabError("The worker is being started again: try once more in a moment.")
        raise LabError('No worker takes races: start one with --resources "race=1".')

    def warm_up(self) -> None:
        """Have torch loaded ahead of the first click: first where races run, then where calls are answered."""
        self.describe()
        self.call("core.calls.steps:warm_up")

    # ---- experiments

    def submit(self, spec: Spec, visitor: str = "", other_than: str = "") -> str:
        """Put an experiment in line. For a visitor, join the same one if it waits or runs here, or take one that this
        version has done, other than the one that they see. Returns its id. Raises ValueError or LabError, with a
        sentence, if it cannot be."""
        spec.check(self.describe())
        digest = digest_of_experiment(spec)
        with self.submit_lock:
            if visitor and (joined := self.line.join(spec, visitor)) and self._is_active(joined):
                return joined
            if visitor and (done := self.store.find(digest)) and done != other_than:
                return done
            self._check_room()
            experiment_id = self.store.create(to_json(spec), spec.text, digest)
            self.line.put(Entry(experiment_id, spec, [visitor or experiment_id]))
        self._hand_over()
        return experiment_id

    def go_on(self, experiment_id: str, visitor: str = "") -> None:
        """Have an experiment that was cut off go on from its last checkpoint. Raises ValueError or LabError, with a
        sentence, if it cannot be."""
        kept = self.store.experiment(experiment_id)
        if kept is None:
            raise LabError("This experiment is not kept any more: start it again.")
        spec = from_json(kept.settings, kept.text)
        spec.check(self.describe())
        entry = Entry(experiment_id, spec, [visitor or experiment_id])
        with self.submit_lock:
            self._check_room()
            if not self._is_active(experiment_id):
                self.line.wait_for_the_end(experiment_id)  # it may have been stopped just now
            if self.line.runs_here(experiment_id) or not self._from_checkpoint(entry):
                raise LabError("It goes on already, or its checkpoint is gone: then start it again.")
            self.client.run(control_in_worker, experiment_id, "", on_error="ignore")  # what was wished before is past
            self.line.put(entry)
        self._hand_over()

    def _from_checkpoint(self, entry: Entry, while_active: bool = False) -> bool:
        """Have it wait for its turn with the newest checkpoint that can be read, if that is newer than the last."""
        for name, number in self.store.checkpoints(entry.id):
            if number > entry.recorded_to and self.checkpoints.read(entry.id, name):
                entry.checkpoint, entry.recorded_to = name, number
                return self.store.go_on(entry.id, number, while_active)
        return False

    def _check_room(self) -> None:
        if len(self.line.entries) >= MAX_ACTIVE:
            raise LabError(f"{MAX_ACTIVE} experiments are running or waiting: try again when some have ended.")

    def _is_active(self, experiment_id: str) -> bool:
        """Whether it has not ended: the line keeps its place a moment longer than the store says so."""
        known = self.store.status(experiment_id)
        return known is not None and known[0].active

    def _hand_over(self) -> None:
        """Give those who come next to workers that are free."""
        with self.line.lock:
            if self.closed.is_set() or not (waiting := self.line.waiting()):
                return
            num_workers = 1 if self.cluster else max(1, len(self._race_workers()))
            num_busy = len(self.line.entries) - len(waiting)
            for entry in waiting[: max(0, num_workers - num_busy)]:
                kept = self.checkpoints.address, entry.checkpoint
                entry.future = self.client.submit(
                    run_in_worker, entry.id, self.topic, entry.spec, *kept, resources={"race": 1}, pure=False
                )
                entry.future.add_done_callback(partial(self._ended, entry))

    @property
    def worker_is_there(self) -> bool:
        """Whether experiments can begin now."""
        return self.cluster is None or self.cluster.is_there("race")

    def pause(self, experiment_id: str) -> None:
        self._control(experiment_id, "pause")

    def resume(self, experiment_id: str) -> None:
        self._control(experiment_id, "resume")

    def stop(self, experiment_id: str) -> None:
        """Stop an experiment; what it has recorded stays. One that waits leaves the line."""
        with self.line.lock:
            entry = self.line.entries.get(experiment_id)
            if entry is None:
                return
            entry.unwanted = True
            if not entry.begun:
                self.store.set_status(experiment_id, Status.STOPPED)
            if entry.future is None:
                del self.line.entries[experiment_id]
                return
        if not entry.begun:
            entry.future.cancel()
            self.client.run(control_in_worker, experiment_id, "stop", on_error="ignore")  # it may have begun just now
        self._control(experiment_id, "stop")

    def _control(self, experiment_id: str, wish: str) -> None:
        entry = self.line.entries.get(experiment_id)
        if entry and entry.begun:
            self.client.run(control_in_worker, experiment_id, wish, workers=[entry.worker], on_error="ignore")

    def _goes_on_again(self, entry: Entry) -> bool:
        """Its worker died in the middle: it goes on from a checkpoint since the last time, if there is one."""
        time.sleep(1)  # the worker's last messages travel by another way
        with contextlib.suppress(StoreError, OSError):
            written = self.writer.flush(FLUSH_SECONDS)
            wanted = written and not entry.unwanted and self._is_active(entry.id)
            return wanted and self._from_checkpoint(entry, while_active=True)
        return False

    def _ended(self, entry: Entry, future: Any) -> None:
        """The task is over. If the worker did not say how, it died."""
        if self.closed.is_set():
            return
        entry.tries -= 1
        if future.status == "error" and entry.tries and (not entry.begun or self._goes_on_again(entry)):
            entry.wait_again()
            self._hand_over()
            return
        with self.line.lock:
            self.line.entries.pop(entry.id, None)
        self._hand_over()
        if future.status == "finished":
            time.sleep(1)  # the worker's last message travels by another way
        if self.line.runs_here(entry.id):  # it goes on already
            return
        self.writer.set_status(
            entry.id,
            Status.FAILED,
            "The worker that ran this died, probably out of memory. What it had recorded is shown.",
        )
