"""Data parallel training in several processes."""

import socket
from dataclasses import dataclass, replace
from typing import ClassVar

from core.experiments.kind import OnRace
from core.experiments.race.spec import RaceSpec, check_memory
from core.measure.memory import Machine, race_bytes
from core.settings.limits import (
    LOADED_BYTES,
    MAX_ACCUMULATION,
    MAX_MICRO_BATCH,
    MAX_PARALLEL_STEPS,
    MAX_RANKS,
    SHARING_RANK_BYTES,
)
from core.strategies import ParallelPlan, device_of_ranks, ranks_share_memory


@dataclass(frozen=True, kw_only=True)
class ParallelSpec(OnRace):
    """Data parallel training of one run, in processes on the worker's machine. The race gives text, model, rate and
    seed."""

    kind: ClassVar[str] = "parallel"

    race: RaceSpec
    plan: ParallelPlan
    num_ranks: int
    port: int = 0  # where the ranks meet; 0 for any that is free

    @property
    def seeds(self) -> range:
        return self.race.train.seeds[:1]

    @property
    def work(self) -> float:
        return 1.0  # the processes that start take most of the time

    @property
    def batch_size(self) -> int:
        return self.plan.batch_size(self.num_ranks)

    def race_of(self, num_ranks: int) -> RaceSpec:
        """The race's one run at the global batch size, with as many steps as the plan has."""
        batch_size = self.plan.batch_size(num_ranks)
        tokens = batch_size * self.race.block_size * self.plan.num_steps
        train = replace(self.race.train, batch_sizes=(batch_size,), num_seeds=1, max_tokens=tokens)
        return replace(self.race, train=train.unsplit())

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for what cannot run, or not in the memory of that machine."""
        for value, limit, what in (
            (self.num_ranks, MAX_RANKS, "ranks"),
            (self.plan.micro_batch_size, MAX_MICRO_BATCH, "windows in a micro-batch"),
            (self.plan.accumulation_steps, MAX_ACCUMULATION, "accumulation steps"),
            (self.plan.num_steps, MAX_PARALLEL_STEPS, "steps"),
        ):
            if not 1 <= value <= limit:
                raise ValueError(f"{value:,} {what} cannot be had: 1 to {limit:,}.")
        race = self.race_of(self.num_ranks)
        _, gpt_config = race.build()
        device = device_of_ranks(machine.device(race.train.device), machine.num_gpus, self.num_ranks)
        micro = replace(race.train, batch_sizes=(self.plan.micro_batch_size,), device=device).unsplit()
        needed, there = race_bytes(gpt_config, micro, machine), machine.memory_bytes(device)  # of a rank
        if device == "cpu":  # which all ranks share; a GPU is each one's own
            each = needed + (SHARING_RANK_BYTES if ranks_share_memory(machine.devices) else LOADED_BYTES)
            all_of_it = LOADED_BYTES + self.num_ranks * each  # with the launcher, that has loaded torch too
            check_memory("This training", all_of_it, there, what_fits(each, there - LOADED_BYTES))
        else:
            check_memory("This training", needed, there)
        check_port(self.port)


def what_fits(rank_bytes: int, memory_bytes: int) -> str:
    """How many ranks do, for a reader whose ranks do not, in what their launcher leaves.

    >>> what_fits(2**29, 2**31), what_fits(2**29, 2**28)
    ('4 ranks would fit.', 'not even one rank would fit, with the process that starts it.')
    """
    if (num := memory_bytes // rank_bytes) > 0:
        return f"{num} {'rank' if num == 1 else 'ranks'} would fit."
    return "not even one rank would fit, with the process that starts it."


def check_port(port: int) -> None:
    """Raises ValueError, with a sentence, for a port that another program has."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was just given back counts as free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ValueError(f"Port {port} is in use by another program: choose another one, or 0 for any.") from error
