"""An experiment that runs in this process, as a shell's does, kept in the store as the app's are."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterable

from core.experiments.kind import Spec
from core.experiments.messages import Message, to_dict
from core.experiments.registry import to_json
from core.lab.database import StoreError
from core.lab.digest import digest_of_experiment
from core.lab.sender import Sender
from core.lab.servers import HEARTBEAT_SECONDS
from core.lab.store import Status, Store
from core.lab.writer import Writer

LAST_SECONDS = 30  # that the database may take for what waits at the end


def kept(store: Store, spec: Spec, messages: Iterable[Message], begun: Callable[[str], None]) -> Generator[Message]:
    """The messages, each of which is also written to the store; closed early, the experiment was stopped.

    begun: called with the experiment's id before the first message.

    Raises StoreError, with a sentence, where it cannot be begun, or not all of it be written; what an experiment raises
    leaves as it is.
    """
    experiment_id = store.create(to_json(spec), spec.text, digest_of_experiment(spec))
    begun(experiment_id)
    writer, signed_at = Writer(store), time.monotonic()
    sender = Sender(lambda some: writer.append(experiment_id, some))
    status, sentence = Status.STOPPED, ""
    writer.set_status(experiment_id, Status.RUNNING)
    try:
        for message in messages:
            sender.send(to_dict(message))
            if time.monotonic() > signed_at + HEARTBEAT_SECONDS:
                signed_at = time.monotonic()
                with contextlib.suppress(StoreError):  # the writer waits for it
                    store.still_here()
            yield message
        status = Status.DONE
    except Exception as error:
        status, sentence = Status.FAILED, reason_of(error)
        raise
    finally:
        sender.flush()
        writer.set_status(experiment_id, status, sentence)
        writer.flush(LAST_SECONDS)
        writer.close(0)
    if store.status(experiment_id) != (status, sentence):
        raise StoreError(f"The database could not keep all of experiment {experiment_id}.")


def reason_of(error: Exception) -> str:
    """As a worker says it."""
    from core.lab.worker import sentence_of  # with torch

    return sentence_of(error)
