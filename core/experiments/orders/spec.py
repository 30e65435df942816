"""A race of the orders in which windows come."""

from dataclasses import dataclass, replace
from typing import ClassVar

from core.batches import ORDERS
from core.experiments.kind import OnRace
from core.experiments.race.spec import RaceSpec, check_memory
from core.measure.memory import Machine, race_bytes
from core.settings.limits import ORDER_EVALS
from core.training import TrainConfig


@dataclass(frozen=True, kw_only=True)
class OrdersSpec(OnRace):
    """The race's one batch size in every order that the windows can come in: the race's own order does not count."""

    kind: ClassVar[str] = "orders"

    race: RaceSpec

    @classmethod
    def of(cls, race: RaceSpec) -> "OrdersSpec":
        """With validations, also on the training part, at equal spacing, and the learning rate as it is."""
        train = replace(race.train, order=ORDERS[0], lr_rule="fixed", num_evals=ORDER_EVALS, eval_train=True)
        return cls(race=replace(race, train=train))

    @property
    def batch_size(self) -> int:
        return self.race.train.batch_sizes[0]

    def plan_at(self, order: str) -> TrainConfig:
        return replace(self.race.train, order=order)

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for runs that cannot be, or not in the memory of that machine."""
        if len(self.race.train.batch_sizes) != 1:
            raise ValueError("The orders are compared at one batch size.")
        _, gpt_config = self.race.build()
        needed = len(ORDERS) * race_bytes(gpt_config, self.race.train, machine)
        check_memory("This race of orders", needed, machine.memory_bytes(self.race.train.device))
