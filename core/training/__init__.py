"""Training as data: read `config.py` (what a race is), then `trainer.py` (one step). `core/engine` runs many, fast.

Torch is loaded when a trainer is first asked for; the settings need none.
"""

from importlib import import_module

from core.training.config import BETA2_RULES, LR_RULES, PRECISIONS, ExecutionPlan, TrainConfig
from core.training.state import State, set_state, state_of

OF_TRAINER = "Trainer", "losses_of", "token_losses"

__all__ = [
    "BETA2_RULES",
    "LR_RULES",
    "PRECISIONS",
    "ExecutionPlan",
    "State",
    "TrainConfig",
    "set_state",
    "state_of",
    *OF_TRAINER,
]


def __getattr__(name: str):
    if name not in OF_TRAINER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.trainer"), name)
