"""Training as data: read `config.py` (what a race is), `trainer.py` (one step), `loop.py` (many runs at once)."""

from core.training.config import LR_RULES, TrainConfig
from core.training.loop import Block, Divergence, Evaluation, Training, find_device
from core.training.records import records_of, train
from core.training.trainer import Trainer

__all__ = [
    "LR_RULES", "Block", "Divergence", "Evaluation", "TrainConfig", "Trainer", "Training", "find_device",
    "records_of", "train",
]  # fmt: skip
