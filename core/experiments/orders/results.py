"""What a race of orders has found so far."""

from dataclasses import replace

import numpy as np

from core.batches import ORDERS
from core.experiments.messages import Message
from core.experiments.orders.messages import BlockNoise, Diverged, EpochEnd, Losses, Noise, Started, Validation
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race import messages as race
from core.experiments.race.results import RaceResults
from core.experiments.results import Results
from core.measure.comparison import at_equal
from core.measure.estimate import Estimate


class OrdersResults(Results):
    """Of one race of orders: what a race's page knows of it, for each order, and what was measured besides."""

    spec: OrdersSpec
    started: Started | None

    def __init__(self, spec: OrdersSpec):
        super().__init__(spec)
        runs = {order: replace(spec.race, train=spec.plan_at(order)) for order in ORDERS}
        self.curves = {order: RaceResults(runs_of_it) for order, runs_of_it in runs.items()}
        self.waves: dict[str, BlockNoise] = {}  # by order
        self.edges: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # (before, after) the epoch's end, (R,) each
        self.edge_steps = 0  # on either side

    @property
    def begun(self) -> bool:
        return all(curves.begun for curves in self.curves.values())

    def take_own(self, message: Message) -> None:
        match message:
            case BlockNoise() if message.resolved:
                self.waves[message.order] = message
            case EpochEnd():
                self.edges[message.order] = np.array(message.before, float), np.array(message.after, float)
                self.edge_steps = message.width
            case Losses() | Validation() | Diverged() | Noise():
                self.curves[message.order].take(message)

    @property
    def noise(self) -> dict[str, race.Noise]:
        """How far the loss jumps from step to step, by order."""
        size = self.spec.batch_size
        return {order: curves.noise[size] for order, curves in self.curves.items() if size in curves.noise}

    def losses_at_equal(self, what: str = "validation") -> tuple[float, dict[str, np.ndarray]]:
        """(tokens, losses): the most tokens that every order has been validated after, and there the losses (R,) of
        each; what: "validation" or "training", the latter on fixed windows of the training part. Orders with a run that
        has diverged are left out."""
        tokens, losses = {}, {}
        for order, curves in self.curves.items():
            steps, *both = curves.evaluations(self.spec.batch_size)
            if not curves.divergences:
                tokens[order] = curves.x_of("tokens", self.spec.batch_size, steps)
                losses[order] = both[what == "training"]
        return at_equal(tokens, losses)

    def wave(self, order: str) -> Estimate | None:
        """How far the means of m losses in a row jump, over how far they would if losses were independent of each
        other, sqrt(m) sigma_m / sigma_1: see `core.measure.correlation`. None while there is too little."""
        one, many = self.noise.get(order), self.waves.get(order)
        if not (one and many):
            return None
        root = many.width**0.5
        return many.estimate.times(one.estimate.inverse.scaled(root))
