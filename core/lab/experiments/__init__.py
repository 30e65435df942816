"""Experiments as data: everything that is needed to run one again, and what it would take. No torch here.

`limits.py` has what a visitor may choose; then a file for each kind, as its messages have one beside this folder.
"""

import json

from core.lab.experiments.claims import claim_specs
from core.lab.experiments.costs import CostSpec, SpeedSpec
from core.lab.experiments.lesson import DocumentsSpec, LessonSpec
from core.lab.experiments.limits import (
    CLAIM_EXCERPT,
    CLAIM_RATES,
    CLAIM_SIZES,
    CLAIM_STEPS,
    CLAIM_TOKENS,
    MAX_ACCUMULATION,
    MAX_BATCH_SIZE,
    MAX_BATCH_SIZES,
    MAX_BLOCK_SIZE,
    MAX_BUDGET,
    MAX_CHANNELS,
    MAX_EMBEDDED_BYTES,
    MAX_LAYERS,
    MAX_MICRO_BATCH,
    MAX_NOISE_BATCHES,
    MAX_NOISE_SIZES,
    MAX_PARALLEL_STEPS,
    MAX_RANKS,
    MAX_RATES,
    MAX_SEEDS,
    MAX_TEXT_CHARACTERS,
    MAX_TIMED_FLOPS,
    MAX_TOKENS,
    MIN_BUDGET,
    MODEL_SIZES,
    ORDER_EVALS,
    ORDER_TOKENS,
    RANK_BYTES,
    VECTORISED,
    allowed_flops,
)
from core.lab.experiments.noise import NoiseSpec
from core.lab.experiments.orders import OrdersSpec
from core.lab.experiments.parallel import ParallelSpec, check_port
from core.lab.experiments.race import RaceSpec, RunSpec, check_memory
from core.lab.experiments.sweep import SweepSpec

__all__ = [
    "CLAIM_EXCERPT",
    "CLAIM_RATES",
    "CLAIM_SIZES",
    "CLAIM_STEPS",
    "CLAIM_TOKENS",
    "MAX_ACCUMULATION",
    "MAX_BATCH_SIZE",
    "MAX_BATCH_SIZES",
    "MAX_BLOCK_SIZE",
    "MAX_BUDGET",
    "MAX_CHANNELS",
    "MAX_EMBEDDED_BYTES",
    "MAX_LAYERS",
    "MAX_MICRO_BATCH",
    "MAX_NOISE_BATCHES",
    "MAX_NOISE_SIZES",
    "MAX_PARALLEL_STEPS",
    "MAX_RANKS",
    "MAX_RATES",
    "MAX_SEEDS",
    "MAX_TEXT_CHARACTERS",
    "MAX_TIMED_FLOPS",
    "MAX_TOKENS",
    "MIN_BUDGET",
    "MODEL_SIZES",
    "ORDER_EVALS",
    "ORDER_TOKENS",
    "RANK_BYTES",
    "VECTORISED",
    "CostSpec",
    "DocumentsSpec",
    "LessonSpec",
    "NoiseSpec",
    "OrdersSpec",
    "ParallelSpec",
    "RaceSpec",
    "RunSpec",
    "Spec",
    "SpeedSpec",
    "SweepSpec",
    "allowed_flops",
    "check_memory",
    "check_port",
    "claim_specs",
    "spec_of",
]

Spec = RaceSpec | NoiseSpec | SweepSpec | CostSpec | SpeedSpec | ParallelSpec | OrdersSpec


def spec_of(settings: str, text: str = "") -> Spec:
    """The experiment of those settings, whatever its kind."""
    kinds = {
        "noise": NoiseSpec,
        "sweep": SweepSpec,
        "cost": CostSpec,
        "speed": SpeedSpec,
        "orders": OrdersSpec,
        "parallel": ParallelSpec,
    }
    kind = kinds.get(json.loads(settings).get("kind"), RaceSpec)
    return kind.from_settings(settings, text)
