"""Wrong codes are counted, so that nobody finds a class by trying codes."""

import threading
import time
from collections import deque
from collections.abc import Callable

FROM_ONE_PLACE = 60  # wrong codes a minute: a class behind one address mistypes fewer
FROM_ALL = 300
WINDOW_SECONDS = 60.0


class Tries:
    """Wrong codes of the last minute, by where they came from. In this process: with 3.2 million codes and 300 tries a
    minute, one of ten open classes would be found after 18 hours in the mean, and a class ends after 24."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self._wrong: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def allowed(self, place: str) -> bool:
        """Whether another code from there may be looked up now."""
        with self._lock:
            until = self.clock() - WINDOW_SECONDS
            while self._wrong and self._wrong[0][0] <= until:
                self._wrong.popleft()
            return len(self._wrong) < FROM_ALL and sum(at == place for _, at in self._wrong) < FROM_ONE_PLACE

    def count_wrong(self, place: str) -> None:
        with self._lock:
            self._wrong.append((self.clock(), place))
