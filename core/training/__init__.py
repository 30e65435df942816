"""Training as data: read `config.py` (what a race is), `trainer.py` (one step), `loop.py` (many runs at once),
`ways.py` (how they are put on a device).

Torch is loaded when training is first asked for; its settings need none.
"""

from importlib import import_module

from core.training.config import BETA2_RULES, LR_RULES, PRECISIONS, TrainConfig, Way

PLACES = {
    "Block": "loop",
    "Divergence": "loop",
    "Evaluation": "loop",
    "Trainer": "trainer",
    "Training": "loop",
    "find_device": "loop",
    "found_devices": "loop",
    "losses_of": "trainer",
    "records_of": "records",
    "token_losses": "trainer",
    "train": "records",
}

__all__ = ["BETA2_RULES", "LR_RULES", "PRECISIONS", "TrainConfig", "Way", *PLACES]


def __getattr__(name: str):
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
