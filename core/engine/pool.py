"""The trainers of one batch size and the threads that they run on.

A stack of seeds is a row of small operations, and small operations gain little from being shared by the cores: two
stacks, a core each, are done sooner than one after the other on both. What a trainer computes does not depend on who
works beside it (but for dropout, whose draws come from one generator).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

import torch

from core.training.trainer import Trainer


class TrainerPool:
    """Trainers that work side by side, as many at a time as torch's threads allow with `threads_each` of them."""

    def __init__(self, trainers: Sequence[Trainer], threads_each: int | None = None):
        self.trainers = list(trainers)
        self.num_threads = torch.get_num_threads()
        self.threads_each = threads_each or self.num_threads
        side_by_side = min(self.num_threads // self.threads_each, len(self.trainers))
        self.threads = thread_pool(side_by_side) if side_by_side > 1 else None

    def map(self, function: Callable, *arguments: Sequence) -> list:
        """function(trainer, ...) for every trainer, in their order; `arguments` hold a value for each of them. What
        goes wrong comes out when all have come to an end."""

        def run(*one):
            torch.set_num_threads(self.threads_each)  # of this thread, and of those that are started from now on
            return function(*one)

        work = list(zip(self.trainers, *arguments, strict=True))
        try:
            if self.threads is None:
                return [run(*one) for one in work]
            futures = [self.threads.submit(run, *one) for one in work]
            wait(futures)
            return [future.result() for future in futures]
        finally:
            torch.set_num_threads(self.num_threads)


@cache
def thread_pool(num_threads: int) -> ThreadPoolExecutor:
    """One for all pools of that many: a thread that has worked keeps some memory for its next work."""
    return ThreadPoolExecutor(num_threads, "batchscope-pool")
