"""What a data parallel training has told so far."""

import numpy as np

from core.experiments.messages import Message
from core.experiments.parallel.messages import Ranks, Step
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.results import Results


class ParallelResults(Results):
    """Of one data parallel training."""

    spec: ParallelSpec

    def __init__(self, spec: ParallelSpec):
        super().__init__(spec)
        self.ranks: Ranks | None = None
        self.steps: list[Step] = []

    @property
    def device(self) -> str | None:
        """By how the ranks exchange their gradients."""
        return {"gloo": "cpu", "nccl": "cuda"}[self.ranks.backend] if self.ranks else None

    @property
    def begun(self) -> bool:
        return bool(self.steps)

    def take_own(self, message: Message) -> None:
        match message:
            case Ranks():
                self.ranks = message
            case Step():
                self.steps.append(message)
                self.progress = message.step / self.spec.plan.num_steps, f"step {message.step:,}"

    def seconds(self, what: str) -> np.ndarray:
        """ "compute", "wait" or "reduce" seconds of every rank, in every step but the first: (steps, W)."""
        rows = [[getattr(rank, f"{what}_seconds") for rank in step.ranks] for step in self.steps[1:] or self.steps]
        return np.array(rows, dtype=float).reshape(-1, self.spec.num_ranks)
