"""What a measurement of noise has found so far."""

from collections import defaultdict

import numpy as np
import pandas as pd

from core.experiments.messages import Message
from core.experiments.noise.messages import (
    BatchGradients,
    BatchLosses,
    BatchSpread,
    DistinctSpread,
    NoiseScale,
    Slope,
    Started,
    WholeText,
)
from core.experiments.noise.spec import NoiseSpec
from core.experiments.results import Results

SPREAD = ("batch_size", "sigma", "low", "high")


class NoiseResults(Results):
    """Of one measurement of noise at frozen weights."""

    spec: NoiseSpec
    started: Started | None

    def __init__(self, spec: NoiseSpec):
        super().__init__(spec)
        self.whole: dict[int, WholeText] = {}  # by step
        self.scales: dict[int, NoiseScale] = {}  # by step
        self.slopes: dict[tuple[int, str], Slope] = {}  # by step and quantity
        self.spreads: dict[tuple[int, str], list[BatchSpread]] = defaultdict(
            list
        )  # by step and quantity, or "distinct"
        self.batches: dict[tuple[int, str], dict[int, np.ndarray]] = defaultdict(dict)  # by step and what was kept

    @property
    def begun(self) -> bool:
        return bool(self.whole)

    def take_own(self, message: Message) -> None:
        match message:
            case WholeText():
                self.whole[message.step] = message
            case DistinctSpread():
                self.spreads[message.step, "distinct"].append(message)
            case BatchSpread():
                self.spreads[message.step, message.quantity].append(message)
            case Slope():
                self.slopes[message.step, message.quantity] = message
            case NoiseScale():
                self.scales[message.step] = message
            case BatchLosses():
                self.batches[message.step, "loss"][message.batch_size] = message.losses
            case BatchGradients():
                self.batches[message.step, "norm"][message.batch_size] = message.norms
                self.batches[message.step, "cosine"][message.batch_size] = message.cosines

    # ---- as tables

    def spread_table(self, step: int, quantity: str) -> pd.DataFrame:
        """batch_size, sigma, low, high, of what is resolved; quantity: "loss", "gradient" or "distinct"."""
        spreads = [spread for spread in self.spreads.get((step, quantity), ()) if not spread.doubt]
        return pd.DataFrame([[getattr(spread, name) for name in SPREAD] for spread in spreads], columns=SPREAD)

    def doubts(self, step: int, quantity: str) -> dict[int, str]:
        """Why a spread is not resolved, by batch size."""
        return {each.batch_size: each.doubt for each in self.spreads.get((step, quantity), ()) if each.doubt}

    def batch_table(self, step: int, what: str) -> pd.DataFrame:
        """batch_size, value: a row for every batch that was kept; what: "loss", "norm" or "cosine"."""
        kept = self.batches.get((step, what), {})
        sizes = np.repeat(np.array(list(kept), dtype=int), [len(values) for values in kept.values()])
        values = np.concatenate(list(kept.values())) if kept else np.empty(0)
        return pd.DataFrame({"batch_size": sizes, "value": values.astype(float)})

    def scale_tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(resolved, unresolved): step, value, low, high in windows; and the steps where it is not resolved."""
        estimates = {step: scale.estimate for step, scale in self.scales.items()}
        rows = [(step, e.value, e.low, e.high) for step, e in estimates.items() if e]
        resolved = pd.DataFrame(rows, columns=["step", "value", "low", "high"])
        return resolved, pd.DataFrame({"step": [step for step, e in estimates.items() if e is None]}, dtype=int)
