"""What is asked of a worker. These travel by name, for the module behind them loads torch."""

import pickle
import threading
from importlib import import_module

from core.experiments.kind import Spec
from core.measure.memory import Machine


class LabError(Exception):
    """Something that a page should tell its reader, in one sentence."""


def call_in_worker(function: str, *args) -> tuple[bool, bytes]:
    """(True, the answer), or (False, what is to be raised), a ValueError or LabError with a sentence; pickled. No other
    exception leaves, for it would be logged."""
    module, _, name = function.partition(":")
    try:
        return True, pickle.dumps(getattr(import_module(module), name)(*args))
    except ValueError as error:
        return False, pickle.dumps(ValueError(str(error)))
    except Exception as error:
        from core.lab.worker import device_lost, sentence_of, start_again

        if device_lost(error):
            threading.Thread(target=start_again, daemon=True).start()  # when this answer is on its way
        return False, pickle.dumps(LabError(sentence_of(error)))


def describe_in_worker() -> Machine:
    from core.lab.worker import describe

    return describe()


def run_in_worker(experiment_id: str, topic: str, spec: Spec, kept_at: str, checkpoint: str) -> None:
    from core.lab.worker import run

    run(experiment_id, topic, spec, kept_at, checkpoint)


def control_in_worker(experiment_id: str, wish: str) -> None:
    from core.lab.worker import control

    control(experiment_id, wish)
