"""The messages of an experiment on their way: some at a time, and losses that follow each other as one message."""

import time
from collections.abc import Callable

FLUSH_SECONDS = 0.25
LOSS_BYTES = 4  # float32


class Sender:
    """Collects messages and hands them on a few times a second; losses that follow each other travel as one message."""

    def __init__(self, hand_on: Callable[[list[dict]], object]):
        self.hand_on = hand_on
        self.waiting: list[dict] = []
        self.open: dict[tuple, dict] = {}  # the losses message that waits, by the runs that it is of
        self.sent_at = 0.0

    def send(self, message: dict, now: bool = False) -> None:
        if message["kind"] == "losses":
            runs = tuple(value for field, value in message.items() if field not in ("step", "data"))
            if runs in self.open and follows(message, self.open[runs]):
                self.open[runs]["data"] += message["data"]
            else:
                self.open[runs] = message
                self.waiting.append(message)
        else:
            self.waiting.append(message)
        if now or time.monotonic() - self.sent_at > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Hand on what waits."""
        if self.waiting:
            self.hand_on(self.waiting)
        self.waiting, self.open = [], {}
        self.sent_at = time.monotonic()


def follows(message: dict, before: dict) -> bool:
    """Whether its first step is the one after the last of `before`: the runs of the next turn begin at step 1 again."""
    return message["step"] == before["step"] + len(before["data"]) // (LOSS_BYTES * before["num_runs"])
