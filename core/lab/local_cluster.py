"""A Dask cluster of our own, on this machine: a scheduler in this process, and a worker for experiments."""

import logging
import os
import sys
from typing import Any

WORKER_MODULE = "core.lab.worker"


def local_cluster():
    """A scheduler in this process, and a worker for races in one of its own, that ends when this one does."""
    import distributed

    options = {"host": "127.0.0.1", "port": 0, "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    scheduler = {"cls": distributed.Scheduler, "options": options}
    limit = os.environ.get("BATCHSCOPE_WORKER_MEMORY") or 0.9
    race = local_worker("race", resources={"race": 1}, preload=[WORKER_MODULE], memory_limit=limit)
    quiet_dask()
    return distributed.SpecCluster(scheduler=scheduler, workers={"race": race}, name="batchscope")


def local_worker(name: str, **options: Any) -> dict:
    """What Dask needs to know to start a worker on this machine; `memory_limit` is a share of its memory, or "2GB"."""
    import distributed

    environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    options |= {"name": name, "nthreads": 1, "host": "127.0.0.1", "dashboard": False, "env": environment}
    return {"cls": distributed.Nanny, "options": options}


def quiet_dask() -> None:
    import dask

    dask.config.set(
        {
            "distributed.scheduler.allowed-failures": 0,  # an experiment that kills its worker is not tried again
            # a worker in place of a killed one loads torch first; given up for good, nothing would ever run again
            "distributed.deploy.lost-worker-timeout": "5 minutes",
            "distributed.admin.low-level-log-length": 100,
            "distributed.worker.memory.spill": False,
            "distributed.worker.memory.target": False,
            "distributed.worker.memory.pause": False,
            "distributed.worker.profile.enabled": False,
            "distributed.nanny.pre-spawn-environ": {
                "OMP_NUM_THREADS": 1,  # while torch is loaded; a race then takes all cores
                "DASK_LOGGING__DISTRIBUTED": "critical",  # what goes wrong reaches the reader as a sentence
            },
        }
    )
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
