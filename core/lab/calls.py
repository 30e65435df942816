"""Short questions, and the workers that answer them one at a time.

Equal questions are answered once: those that come while one waits share its answer, and answers stay for a while, as
pickled bytes, so that no viewer can change what another one sees. Questions that begin with the same argument, a run
for example, go to the same worker, which then has what it made for the last one.
"""

import contextlib
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import Any

from core.lab.digest import digest_of
from core.lab.local_cluster import LocalCluster
from core.lab.remote import LabError, call_in_worker

CALL_SECONDS = 30  # a worker that takes longer for an answer has failed
START_SECONDS = 90  # that it may take to come back, before that begins to count
LOOK_SECONDS = 0.5  # how often who waits hears of it
MAX_WAITING = 300  # questions
KEPT_BYTES = 64 * 2**20  # of answers
CALL = "call"  # how the name of a resource begins that a call takes
MAX_EXTERNAL = 8  # questions at a time, in a cluster that is not ours


@dataclass(eq=False)
class Question:
    """A question on its way; `askers` is how many wait for its answer."""

    function: str
    args: tuple
    keep: bool
    askers: int
    answer: Future = field(default_factory=Future)  # (whether it is one, pickled: the answer or what is to be raised)


class Calls:
    """The questions of one server process, and the answers that it keeps."""

    def __init__(self, client: Any, cluster: LocalCluster | None):
        self.client, self.cluster = client, cluster
        self.resources = [*cluster.call_workers] if cluster else external_resources(client)
        self.threads = [ThreadPoolExecutor(1, "batchscope-call") for _ in self.resources]  # a queue each
        self.lock = threading.Lock()
        self.open: dict[bytes, Question] = {}  # in the order in which they came
        self.kept: OrderedDict[bytes, bytes] = OrderedDict()  # the one used longest ago comes first

    def ask(self, function: str, *args, fresh: bool = False, waiting: Callable[[int], None] | None = None):
        """The answer of a function of a worker's, named "module:function", to plain arguments. A fresh one is not taken
        from those that are kept. While it takes long, `waiting` is told how many questions are ahead.

        ValueError, with a sentence, passes through; anything else becomes a LabError.
        """
        key = digest_of(function, *args)
        with self.lock:
            kept = None if fresh else self.kept.get(key)
            if kept is not None:
                self.kept.move_to_end(key)
            else:
                question = self._join(key, function, args, keep=not fresh)
        good, answer = (True, kept) if kept is not None else self._wait(key, question, waiting)
        answer = pickle.loads(answer)  # which a worker has written
        if not good:
            raise answer
        return answer

    def _join(self, key: bytes, function: str, args: tuple, keep: bool) -> Question:
        """The question, in line once."""
        question = self.open.get(key)
        if question is None:
            if len(self.open) >= MAX_WAITING:
                raise LabError(f"{MAX_WAITING} questions are waiting for an answer: try again in a minute.")
            question = self.open[key] = Question(function, args, keep, askers=1)
            place = int.from_bytes(digest_of(*args[:1])[:4], "big") % len(self.resources)
            self.threads[place].submit(self._answer, key, question, self.resources[place])
        else:
            question.askers += 1
        return question

    def _wait(self, key: bytes, question: Question, waiting: Callable[[int], None] | None) -> tuple[bool, bytes]:
        try:
            while True:
                try:
                    return question.answer.result(timeout=LOOK_SECONDS)
                except NotYet:
                    if question.answer.done():  # it was an answer of that kind
                        raise
                    if waiting:
                        waiting(self._num_ahead(key))
        finally:
            with self.lock:
                question.askers -= 1

    def _num_ahead(self, key: bytes) -> int:
        with self.lock:
            return list(self.open).index(key) if key in self.open else 0

    def _answer(self, key: bytes, question: Question, resource: str) -> None:
        """Runs in the worker's thread here."""
        with self.lock:
            if not question.askers:  # all have gone meanwhile
                del self.open[key]
                return
        try:
            good, answer = self._ask_worker(question, resource)
        except Exception as error:
            self._close(key)
            question.answer.set_exception(error if isinstance(error, LabError) else LabError(str(error)))
            return
        self._close(key, answer if good and question.keep else None)
        question.answer.set_result((good, answer))

    def _close(self, key: bytes, answer: bytes | None = None) -> None:
        with self.lock:
            self.open.pop(key, None)
            if answer is not None:
                self.kept[key] = answer
                while sum(map(len, self.kept.values())) > KEPT_BYTES:
                    self.kept.popitem(last=False)

    def _ask_worker(self, question: Question, resource: str) -> tuple[bool, bytes]:
        """Asked once more where the worker died: what killed it may have been another question's doing. Asked by its
        resource, for Dask takes a name for the address of that moment, and waits for it after the worker has moved."""
        for _ in range(2):
            future = self.client.submit(
                call_in_worker,
                question.function,
                *question.args,
                resources={resource: 1},
                pure=False,
                priority=10,
            )
            try:
                return self._result(future, resource)
            except LabError:
                raise
            except Exception:  # of Dask: its worker died
                continue
            finally:
                future.release()  # or an answer whose worker dies would be asked for again, of the next one
        raise LabError("The worker died at this twice, probably out of memory. Try something smaller.")

    def _result(self, future: Any, resource: str) -> tuple[bool, bytes]:
        """Its answer; the time while its worker is being started does not count."""
        worker = self.cluster.call_workers[resource] if self.cluster else None
        began = time.monotonic()
        patience = began + CALL_SECONDS
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                now = time.monotonic()
                if self.cluster and worker and not self.cluster.is_there(worker):
                    patience = min(now, began + START_SECONDS) + CALL_SECONDS
                if now > patience:
                    break
        future.cancel()
        if worker:
            threading.Thread(target=self._start_again, args=(worker,), daemon=True).start()
        raise LabError("The worker did not answer in time, and is started again: try once more.")

    def _start_again(self, worker: str) -> None:
        with contextlib.suppress(Exception):  # it has died by itself, and is started again
            self.client.restart_workers([worker], timeout=START_SECONDS, raise_for_error=False)

    def close(self) -> None:
        for thread in self.threads:
            thread.shutdown(wait=False, cancel_futures=True)


def external_resources(client: Any) -> list[str]:
    """What the calls of a cluster that is not ours take, one for each that it can answer at once, as far as we use it.
    Another server's own workers have names of their own for it."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    offered = [item for worker in workers for item in worker["resources"].items()]
    found = [kind for kind, number in offered for _ in range(int(number)) if kind.startswith(CALL)]
    return found[:MAX_EXTERNAL] or [CALL]
