"""What a data parallel training has told so far."""

import numpy as np

from core.experiments.parallel.spec import ParallelSpec
from core.experiments.results import Results


class ParallelResults(Results):
    """Of one data parallel training."""

    spec: ParallelSpec

    def __init__(self, spec: ParallelSpec):
        super().__init__(spec)
        self.told: dict | None = None  # who takes which rows, and by which backend
        self.steps: list[dict] = []

    @property
    def begun(self) -> bool:
        return bool(self.steps)

    def take_own(self, message: dict) -> None:
        match message["kind"]:
            case "ranks":
                self.told = message
            case "step":
                self.steps.append(message)
                self.progress = message["step"] / self.spec.plan.num_steps, f"step {message['step']:,}"

    def seconds(self, what: str) -> np.ndarray:
        """ "compute", "wait" or "reduce" seconds of every rank, in every step but the first: (steps, W)."""
        rows = [[rank[f"{what}_seconds"] for rank in step["ranks"]] for step in self.steps[1:] or self.steps]
        return np.array(rows, dtype=float).reshape(-1, self.spec.num_ranks)
