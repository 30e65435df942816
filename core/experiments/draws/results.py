"""What random draws have found so far."""

import numpy as np

from core.experiments.draws.messages import Drawn
from core.experiments.draws.spec import DrawsSpec
from core.experiments.messages import Message
from core.experiments.results import Results


class DrawsResults(Results):
    """Of one experiment."""

    spec: DrawsSpec

    def __init__(self, spec: DrawsSpec):
        super().__init__(spec)
        self.percents: dict[int, float] = {}  # by draw

    @property
    def begun(self) -> bool:
        return bool(self.percents)

    @property
    def share(self) -> float:
        return len(self.percents) / self.spec.num_draws

    @property
    def doing(self) -> str:
        return "drawing"

    def take_own(self, message: Message) -> None:
        if isinstance(message, Drawn):
            self.percents[message.draw] = message.percent

    def values(self) -> np.ndarray:
        """Percent, (num_draws,); NaN of draws that are yet to come."""
        return np.array([self.percents.get(draw, np.nan) for draw in range(self.spec.num_draws)])
