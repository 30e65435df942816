"""What is to be kept, written by one thread in the order in which it came; it waits here while the database is away."""

import atexit
import logging
import threading
from collections import Counter, deque
from itertools import islice

from core.lab.database import RefusedError, StoreError
from core.lab.store import Change, NewStatus, Records, Status, Store

MAX_WAITING_BYTES = 256 * 2**20
BATCH_BYTES, BATCH_CHANGES = 4 * 2**20, 1_000  # in one transaction
RETRY_SECONDS = 0.5
CLOSE_SECONDS = 5  # for what waits when the server ends

log = logging.getLogger("batchscope")


class Writer:
    """Takes records and statuses at once, and writes them to the store in its own thread.

    Where too much waits, an experiment loses its further records, and says at its end how many.
    """

    def __init__(self, store: Store):
        self.store = store
        self.lost: Counter[str] = Counter()  # records, by experiment
        self._waiting: deque[Change] = deque()
        self._num_bytes = 0  # of the records that wait
        self._at_most = BATCH_CHANGES
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def append(self, experiment_id: str, messages: list[dict]) -> None:
        records = Records.of(experiment_id, messages)
        with self._changed:
            if experiment_id in self.lost or self._num_bytes + records.num_bytes > MAX_WAITING_BYTES:
                self.lost[experiment_id] += len(messages)  # all from here on: no curve with a hole in it
            else:
                self._put(records)

    def set_status(self, experiment_id: str, status: Status, sentence: str = "") -> None:
        """After all that was appended before."""
        with self._changed:
            self._put(NewStatus(experiment_id, status, sentence))

    def flush(self, timeout: float) -> bool:
        """Wait until all is written. False if it took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Write what waits, and end; what takes longer is lost."""
        if not self.flush(timeout):
            log.error("The server ended while %d changes waited for the database.", len(self._waiting))
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        atexit.unregister(self.close)

    # ---- the thread

    def _put(self, change: Change) -> None:
        """With the lock held."""
        self._waiting.append(change)
        self._num_bytes += change.num_bytes
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="batchscope-writer", daemon=True)
            self._thread.start()
            atexit.register(self.close)
        self._changed.notify_all()

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self.store.write([self._with_losses(change) for change in batch])
            except RefusedError:
                if len(batch) > 1:
                    self._at_most = 1  # until it is known which one
                    continue
                self._at_most = BATCH_CHANGES
                self._lose(batch[0])
            except StoreError:  # the store has logged it
                self._closing.wait(RETRY_SECONDS)
                continue
            self._forget(len(batch))

    def _next_batch(self) -> list[Change]:
        """What has waited longest; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
            if self._closing.is_set():
                return []
            batch: list[Change] = []
            num_bytes = 0
            for change in islice(self._waiting, self._at_most):
                num_bytes += change.num_bytes
                if batch and num_bytes > BATCH_BYTES:
                    break
                batch.append(change)
            return batch

    def _with_losses(self, change: Change) -> Change:
        """An end says how much is missing; then it is not done."""
        missing = self.lost[change.experiment_id]
        if isinstance(change, Records) or change.status.active or not missing:
            return change
        status = Status.FAILED if change.status == Status.DONE else change.status
        return NewStatus(change.experiment_id, status, f"{change.sentence} {missing_sentence(missing)}".lstrip())

    def _forget(self, num_changes: int) -> None:
        with self._changed:
            for _ in range(num_changes):
                change = self._waiting.popleft()
                self._num_bytes -= change.num_bytes
                if isinstance(change, NewStatus) and not change.status.active:
                    self.lost.pop(change.experiment_id, None)
            self._changed.notify_all()

    def _lose(self, change: Change) -> None:
        if isinstance(change, Records):
            with self._changed:
                self.lost[change.experiment_id] += len(change.rows)


def missing_sentence(missing: int) -> str:
    what = "1 record is" if missing == 1 else f"{missing:,} records are"
    return f"The database could not keep all of it: {what} missing."
