"""What a measurement of costs has found so far."""

from collections import defaultdict

import numpy as np

from core.experiments.cost.spec import CostSpec
from core.experiments.results import Results


class CostResults(Results):
    """Of one measurement of what a step costs. A way is (batch size, micro-batch size): the two are equal in one go."""

    spec: CostSpec

    def __init__(self, spec: CostSpec):
        super().__init__(spec)
        self.activation_bytes: dict[int, int] = {}  # by batch size
        self.differences: dict[int, float] = {}  # of the gradients, by micro-batch size
        self.seconds: dict[tuple[int, int], list[float]] = defaultdict(list)  # by way, one a round

    @property
    def begun(self) -> bool:
        return bool(self.activation_bytes)

    def take_own(self, message: dict) -> None:
        match message["kind"]:
            case "activations":
                self.activation_bytes[message["batch_size"]] = message["bytes"]
            case "split":
                self.differences[message["micro_batch_size"]] = message["difference"]
            case "step":
                self.seconds[message["batch_size"], message["micro_batch_size"]].append(message["seconds"])

    @property
    def state_bytes(self) -> dict[str, int]:
        """What is held whatever the batch size: weights, gradients, optimizer."""
        return {name: self.started[f"{name}_bytes"] for name in ("weights", "gradients", "optimizer")}

    def rounds_of(self, *ways: tuple[int, int]) -> list[np.ndarray]:
        """The seconds of these ways in the rounds that all of them have been through: (rounds,) each."""
        each = [self.seconds.get(way, ()) for way in ways]
        return [np.array(seconds[: min(map(len, each))]) for seconds in each]
