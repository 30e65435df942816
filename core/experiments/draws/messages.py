"""What random draws tell, one after the other."""

from dataclasses import dataclass

from core.experiments.messages import Message


@dataclass(frozen=True)
class Drawn(Message, kind="drawn"):
    """What was counted in a draw."""

    draw: int  # from 0
    percent: float


ALL = (Drawn,)
