"""The ranks of one machine, started by torch's elastic launcher from a program of ours, in place of `torchrun`.

A rank of torchrun's loads torch for itself. Where `ranks_share_memory`, ours are copies of the launcher's process,
which has loaded it: they share its memory until they write to it.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

import core.strategies.data_parallel  # noqa: F401  # before there are copies
from core.engine import found_devices
from core.strategies import ranks_share_memory

Plan = TypeVar("Plan")


def launch(rank: Callable[[Plan], None], plan: Plan, num_ranks: int, port: int, log_folder: str) -> None:
    """Run `rank(plan)` in so many processes, each with its place in its environment; they meet at that port, 0 for any
    that is free. Returns when all have ended. Raises where one has failed, after it has ended the others."""
    logging.disable()  # nobody reads what the launcher logs, and torch would load its compiler to write it
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_ranks,
        max_restarts=0,
        run_id="batchscope",
        rdzv_backend="c10d",
        rdzv_endpoint=f"127.0.0.1:{port}",
        local_addr="127.0.0.1",
        start_method="fork" if ranks_share_memory(found_devices()) else "spawn",
        logs_specs=DefaultLogsSpecs(log_dir=log_folder),
    )
    elastic_launch(config, rank)(plan)
