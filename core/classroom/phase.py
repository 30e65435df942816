"""Where a class is on its way through an activity."""

from enum import StrEnum


class Phase(StrEnum):
    """In the order in which an activity goes through them, after the lobby; as it is kept."""

    LOBBY = "lobby"  # between activities: people come in
    PREDICT = "predict"  # each alone; nobody sees an answer, the board only how many there are
    DISCUSS = "discuss"  # the board shows how the answers are spread
    AGAIN = "again"  # each predicts once more
    MEASURE = "measure"  # the experiment runs
    COMPARE = "compare"  # what was measured, beside both rounds of answers

    @property
    def takes_answers(self) -> bool:
        return self in (Phase.PREDICT, Phase.AGAIN)

    @property
    def next(self) -> "Phase":
        """The lobby follows the last one."""
        order = list(Phase)
        return order[(order.index(self) + 1) % len(order)]

    @property
    def before(self) -> "Phase":
        """The lobby is before the first one, and before itself."""
        order = list(Phase)
        return order[max(0, order.index(self) - 1)]
