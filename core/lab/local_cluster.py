"""A Dask cluster of our own, on this machine: a scheduler in this process, a worker for experiments, and one or two for
short calls. A worker that was killed comes back, however often. Their memory adds up to what the machine, or the
container, leaves beside this process.

Whoever reaches a port of Dask's may have it run code, so all of them speak TLS, with a certificate that only this
process and its workers have.
"""

import logging
import os
import sys
from dataclasses import dataclass
from typing import Any

from core.settings.environment import worker_memory

WORKER_MODULE = "core.lab.worker"
START_TRIES = 3  # of the cluster, whose first worker may be killed while it starts
SERVER_BYTES = 200 * 2**20  # of this process, with some viewers, beside those files
IDLE_BYTES = 240 * 2**20  # of a worker that has loaded torch, for itself alone; seen: 225 and 230 MB
FILES_BYTES = 140 * 2**20  # and of program files, which all workers share
SMALLEST_BYTES = 100 * 2**20  # that a worker should have beyond that
CALL_SHARE = 0.25  # of what is left beyond that, for calls
RANKS_BYTES = 400 * 2**20  # that the worker for experiments should have beyond that: two ranks fit into 0.72 of it
SECOND_CALL_BYTES = 2**30  # that each of two workers for calls should have of it


@dataclass(frozen=True)
class WorkerPlan:
    """A worker to start: what it takes at a time, and the bytes that it may have, program files among them."""

    resources: dict[str, int]
    memory_bytes: int


def worker_plans(total_bytes: int, num_cores: int) -> dict[str, WorkerPlan]:
    """The workers for a machine, by name: one for experiments and one for calls; two for calls where cores and memory
    allow; where two do not fit beside ranks, one for both. Each that answers calls has a resource of its own for it.

    >>> [list(worker_plans(total, cores)) for total, cores in ((2**30, 1), (2**31, 1), (2**34, 8))]
    [['race'], ['race', 'call-0'], ['race', 'call-0', 'call-1']]
    """
    idle, left = IDLE_BYTES + FILES_BYTES, total_bytes - SERVER_BYTES - 2 * IDLE_BYTES
    for_calls = int(CALL_SHARE * max(0, left))
    if left - for_calls < RANKS_BYTES:
        return {"race": WorkerPlan({"race": 1, "call-0": 1}, idle + max(left + IDLE_BYTES, SMALLEST_BYTES))}
    plans = {"race": WorkerPlan({"race": 1}, idle + left - for_calls)}
    if num_cores <= 2 or for_calls < IDLE_BYTES + 2 * SECOND_CALL_BYTES:
        return plans | {"call-0": WorkerPlan({"call-0": 1}, idle + for_calls)}
    each = idle + (for_calls - IDLE_BYTES) // 2
    return plans | {name: WorkerPlan({name: 1}, each) for name in ("call-0", "call-1")}


class LocalCluster:
    """The cluster while it lives. Its workers end with this process."""

    def __init__(self) -> None:
        """Start the worker for experiments; those for calls would hold it up. Raises RuntimeError if it cannot be."""
        import distributed
        from dask.system import CPU_COUNT  # which knows a container's limits, as the next one does
        from distributed.system import MEMORY_LIMIT

        quiet_dask()
        self.plans = worker_plans(MEMORY_LIMIT, CPU_COUNT)
        self.security = distributed.Security.temporary()
        options = {"host": "127.0.0.1", "port": 0, "dashboard": False, "dashboard_address": "127.0.0.1:0"}
        scheduler = {"cls": distributed.Scheduler, "options": options | {"security": self.security}}
        for tries_left in reversed(range(START_TRIES)):
            try:
                workers = {"race": self._worker("race")}
                self.dask = distributed.SpecCluster(workers, scheduler, security=self.security, name="batchscope")
                break
            except RuntimeError:
                if not tries_left:
                    raise

    def _worker(self, name: str) -> dict:
        """What Dask needs to know to start it."""
        import distributed

        plan = self.plans[name]
        wish = worker_memory() if name == "race" else None
        options: dict[str, Any] = {
            "name": name,
            "resources": plan.resources,
            "nthreads": len(plan.resources),
            "memory_limit": wish or plan.memory_bytes,
            "preload": [WORKER_MODULE],
            "host": "127.0.0.1",
            "dashboard": False,
            "env": {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            "security": self.security,
        }
        return {"cls": distributed.Nanny, "options": options}

    @property
    def call_workers(self) -> dict[str, str]:
        """Who answers calls: the worker's name, by the resource of its own."""
        return {kind: name for name, plan in self.plans.items() for kind in plan.resources if kind.startswith("call")}

    def start_call_workers(self) -> None:
        """Start those that are not there yet, without waiting for them."""
        self.dask.worker_spec |= {name: self._worker(name) for name in self.plans.keys() - self.dask.worker_spec.keys()}
        self.keep_alive()

    def keep_alive(self) -> None:
        """Start again what has ended for good: a nanny starts its worker again, but nobody a nanny that gave up."""
        for name, nanny in list(self.dask.workers.items()):
            if nanny.status.name in ("closed", "failed"):
                self.dask.workers.pop(name, None)
        if self.dask.worker_spec.keys() - self.dask.workers.keys():
            self.dask.scale(len(self.dask.worker_spec))  # the same number: those that are missing

    def is_there(self, name: str) -> bool:
        """Whether that worker can be given work now."""
        return any(worker.name == name for worker in list(self.dask.scheduler.workers.values()))

    def close(self) -> None:
        self.dask.close(timeout=5)


def quiet_dask() -> None:
    import dask

    dask.config.set(
        {
            "distributed.scheduler.allowed-failures": 0,  # an experiment that kills its worker is not tried again
            # a worker in place of a killed one loads torch first, and a nanny must not be given up meanwhile
            "distributed.deploy.lost-worker-timeout": "5 minutes",
            "distributed.scheduler.http.routes": [],  # nothing is told over HTTP
            "distributed.worker.http.routes": [],
            # each end of each connection keeps so many messages, and every question has a text in it
            "distributed.admin.low-level-log-length": 1,
            "distributed.worker.memory.spill": False,
            "distributed.worker.memory.target": False,
            "distributed.worker.memory.pause": False,
            "distributed.worker.memory.terminate": 1.0,  # all that was shared out; it is refused before, by itself
            "distributed.worker.profile.enabled": False,
            "distributed.nanny.pre-spawn-environ": {
                "OMP_NUM_THREADS": 1,  # while torch is loaded; a race then takes all cores
                "MALLOC_ARENA_MAX": 2,  # a heap for each thread would keep what only one of them needed
                "DASK_LOGGING__DISTRIBUTED": "critical",  # what goes wrong reaches the reader as a sentence
            },
        }
    )
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
