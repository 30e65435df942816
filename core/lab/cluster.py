"""Who runs what: a Dask cluster with one worker for experiments (races, mostly) and one for short calls.

By default the cluster is started here, on this machine, and dies with this process. With BATCHSCOPE_SCHEDULER=
tcp://host:8786 one that already exists is used; its workers say what they take with `--resources "race=1"` or
`--resources "call=8"`, and must be able to import `core`. Races wait in line where all race workers are busy; a short
call is answered at once also then. This process never imports torch.
"""

import contextlib
import os
import threading
import time
from functools import partial
from itertools import count
from typing import Any

from core.experiments.kind import Spec
from core.experiments.registry import to_json
from core.lab.local_cluster import local_cluster, local_worker
from core.lab.remote import LabError, call_in_worker, control_in_worker, describe_in_worker, run_in_worker
from core.lab.servers import HEARTBEAT_SECONDS
from core.lab.store import Status, Store
from core.lab.writer import Writer
from core.measure.memory import Machine

LEASE_SECONDS = 600  # an experiment that nobody has looked at for so long is stopped
BEATS_TO_FORGET = 360  # heartbeats, an hour of them
MAX_ACTIVE = 64  # that run or wait here at once
MAX_TRIES = 5  # of an experiment whose worker dies before it has begun
CALL_SECONDS = 30  # a short call that takes longer has failed


class Lab:
    """Runs experiments and short calls in workers, and writes what they send to the store. One for a server process."""

    def __init__(self, store: Store):
        self.store, self.writer = store, Writer(store)
        self.lock = threading.Lock()
        self.cluster: Any = None  # of Dask, if it is our own
        self.client: Any = None
        self.topic = f"batchscope-{os.getpid()}-{time.time_ns()}"
        self.places = count()  # in the line of experiments
        self.futures: dict[str, Any] = {}  # of the experiments that have not ended
        self.workers: dict[str, str] = {}  # where each of them runs
        self.viewed_at: dict[str, float] = {}
        self.machine: Machine | None = None  # that experiments run on, once a worker has told

    # ---- the cluster

    def start(self) -> None:
        """Start or join the cluster, and load torch in its workers. Takes some seconds; safe to call again."""
        with self.lock:
            if self.client:
                return
            from distributed import Client  # half a second that the first page need not wait for

            address = os.environ.get("BATCHSCOPE_SCHEDULER")
            if not address:
                self.cluster = local_cluster()
            try:
                client = Client(address or self.cluster, timeout=10, set_as_default=False)
            except OSError as error:
                remedy = "start it, or unset BATCHSCOPE_SCHEDULER" if address else "try again"
                raise LabError(f"No cluster answers at {address or 'this machine'}: {remedy}.") from error
            client.subscribe_topic(self.topic, self._take)
            self.client = client
        threading.Thread(target=self._watch, name="batchscope-watch", daemon=True).start()

    def _watch(self) -> None:
        """Every few seconds: say that what runs is alive, stop what nobody looks at. Hourly: forget old ones."""
        for beat in count(1):
            time.sleep(HEARTBEAT_SECONDS)
            with contextlib.suppress(Exception):  # a database that is away for a moment must not end the watch
                if beat % BEATS_TO_FORGET == 0:
                    self.store.forget_old()
                self.store.still_here()
                for experiment_id in list(self.futures):
                    expired = time.monotonic() - self.viewed_at.get(experiment_id, 0) > LEASE_SECONDS
                    if expired or self.store.status(experiment_id) is None:  # its database was deleted
                        self.stop(experiment_id)

    def close(self) -> None:
        for part in (self.client, self.cluster):
            if part:
                with contextlib.suppress(TimeoutError):  # a worker that is just being started again
                    part.close(timeout=5)
        self.client = self.cluster = None
        self.writer.close()

    # ---- short calls

    def call(self, function: str, *args):
        """The answer of a function of a worker's, named "module:function", to plain arguments.

        ValueError, with a sentence, passes through; anything else becomes a LabError.
        """
        self.start()
        self._start_call_worker()
        future = self.client.submit(call_in_worker, function, *args, resources={"call": 1}, pure=False, priority=10)
        try:
            answer, error = future.result(timeout=CALL_SECONDS)
        except Exception as why:
            future.cancel()
            raise LabError("The worker did not answer. It is started again by itself: try once more.") from why
        finally:
            future.release()  # or an answer whose worker dies would be asked for again, of the next one
        if error:
            raise error
        return answer

    def _start_call_worker(self) -> None:
        """In a cluster of our own, calls get their worker when they first need one: races are not held up by it."""
        with self.lock:
            if self.cluster and "call" not in self.cluster.worker_spec:
                self.cluster.worker_spec["call"] = local_worker("call", resources={"call": 1}, memory_limit=0.5)
                self.cluster.scale(len(self.cluster.worker_spec))

    def describe(self) -> Machine:
        """What the machine that experiments run on has."""
        if self.machine is None:
            self.start()
            worker = self._race_worker()
            self.machine = self.client.run(describe_in_worker, workers=[worker])[worker]  # also while it is busy
        return self.machine

    def _race_worker(self) -> str:
        """The address of a worker that takes races, as soon as there is one."""
        until = time.monotonic() + CALL_SECONDS
        while time.monotonic() < until:
            for address, worker in self.client.scheduler_info(n_workers=-1)["workers"].items():
                if worker["resources"].get("race"):
                    return address
            time.sleep(0.05)
        raise LabError('No worker takes races: start one with --resources "race=1".')

    def warm_up(self) -> None:
        """Have torch loaded ahead of the first click: first where races run, then where calls are answered."""
        self.describe()
        self.call("core.calls.steps:warm_up")

    # ---- experiments

    def submit(self, spec: Spec) -> str:
        """Put an experiment in line. Returns its id. Raises ValueError or LabError, with a sentence, if it cannot."""
        spec.check(self.describe())
        if len(self.futures) >= MAX_ACTIVE:
            raise LabError(f"{MAX_ACTIVE} experiments are running or waiting: try again when some have ended.")
        experiment_id = self.store.create(to_json(spec), spec.text)
        self.viewed_at[experiment_id] = time.monotonic()
        self._put_in_line(experiment_id, spec, next(self.places), MAX_TRIES)
        return experiment_id

    def _put_in_line(self, experiment_id: str, spec: Spec, place: int, tries: int) -> None:
        future = self.client.submit(
            run_in_worker, experiment_id, self.topic, spec, resources={"race": 1}, priority=-place, pure=False
        )
        self.futures[experiment_id] = future
        future.add_done_callback(partial(self._ended, experiment_id, spec, place, tries - 1))

    def renew_lease(self, experiment_id: str) -> None:
        """Somebody looks at it, so it goes on."""
        if experiment_id in self.futures:
            self.viewed_at[experiment_id] = time.monotonic()

    def pause(self, experiment_id: str) -> None:
        self._control(experiment_id, "pause")

    def resume(self, experiment_id: str) -> None:
        self._control(experiment_id, "resume")

    def stop(self, experiment_id: str) -> None:
        """Stop an experiment; what it has recorded stays. One that waits leaves the line."""
        if experiment_id not in self.workers and experiment_id in self.futures:
            self.store.set_status(experiment_id, Status.STOPPED)
            self.futures[experiment_id].cancel()
            self.client.run(control_in_worker, experiment_id, "stop", on_error="ignore")  # it may have begun just now
        self._control(experiment_id, "stop")

    def _control(self, experiment_id: str, wish: str) -> None:
        worker = self.workers.get(experiment_id)
        if worker:
            self.client.run(control_in_worker, experiment_id, wish, workers=[worker], on_error="ignore")

    def _take(self, event: tuple) -> None:
        """What a worker sent, to the writer. Runs in the client's own thread, which must not wait for a database."""
        _, content = event
        experiment_id = content["experiment"]
        for message in content["messages"]:
            match message["kind"]:
                case "started":
                    self.workers[experiment_id] = message.pop("worker")
                    self.writer.set_status(experiment_id, Status.RUNNING)
                    self.writer.append(experiment_id, [message])
                case "paused":
                    self.writer.set_status(experiment_id, Status.PAUSED)
                case "resumed":
                    self.writer.set_status(experiment_id, Status.RUNNING)
                case "ended":
                    self.writer.set_status(experiment_id, Status(message["status"]), message["sentence"])
                case _:
                    self.writer.append(experiment_id, [message])

    def _ended(self, experiment_id: str, spec: Spec, place: int, tries: int, future) -> None:
        """The task is over. If the worker did not say how, it died."""
        if future.status == "error" and experiment_id not in self.workers and tries:
            self._put_in_line(experiment_id, spec, place, tries)  # it waited at a worker that another one took down
            return
        if future.status == "finished":
            time.sleep(1)  # the worker's last message travels by another way
        self.writer.set_status(
            experiment_id,
            Status.FAILED,
            "The worker that ran this died, probably out of memory. What it had recorded is shown.",
        )
        for table in (self.futures, self.workers, self.viewed_at):
            table.pop(experiment_id, None)
