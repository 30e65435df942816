"""What a measurement of noise has found so far."""

from collections import defaultdict

import numpy as np
import pandas as pd

from core.experiments.noise.spec import NoiseSpec
from core.experiments.results import Results

SPREAD = ("batch_size", "sigma", "low", "high")


class NoiseResults(Results):
    """Of one measurement of noise at frozen weights."""

    spec: NoiseSpec

    def __init__(self, spec: NoiseSpec):
        super().__init__(spec)
        self.whole: dict[int, dict] = {}  # by step
        self.scales: dict[int, dict] = {}  # by step
        self.slopes: dict[tuple[int, str], dict] = {}  # by step and quantity
        self.spreads: dict[tuple[int, str], list[dict]] = defaultdict(list)  # by step and quantity, or "distinct"
        self.batches: dict[tuple[int, str], dict[int, np.ndarray]] = defaultdict(dict)  # by step and what was kept

    @property
    def begun(self) -> bool:
        return bool(self.whole)

    def take_own(self, message: dict) -> None:
        step = message["step"]
        match message["kind"]:
            case "whole":
                self.whole[step] = message
            case "noise":
                self.spreads[step, message["quantity"]].append(message)
            case "distinct":
                self.spreads[step, "distinct"].append(message)
            case "slope":
                self.slopes[step, message["quantity"]] = message
            case "noise_scale":
                self.scales[step] = message
            case "batch_losses":
                self.batches[step, "loss"][message["batch_size"]] = np.frombuffer(message["data"], np.float32)
            case "batch_gradients":
                norms_and_cosines = np.frombuffer(message["data"], np.float32).reshape(-1, 2)
                self.batches[step, "norm"][message["batch_size"]] = norms_and_cosines[:, 0]
                self.batches[step, "cosine"][message["batch_size"]] = norms_and_cosines[:, 1]

    # ---- as tables

    def spread_table(self, step: int, quantity: str) -> pd.DataFrame:
        """batch_size, sigma, low, high; quantity: "loss", "gradient" or "distinct"."""
        rows = [[message[name] for name in SPREAD] for message in self.spreads.get((step, quantity), ())]
        return pd.DataFrame(rows, columns=SPREAD)

    def batch_table(self, step: int, what: str) -> pd.DataFrame:
        """batch_size, value: a row for every batch that was kept; what: "loss", "norm" or "cosine"."""
        kept = self.batches.get((step, what), {})
        sizes = np.repeat(np.array(list(kept), dtype=int), [len(values) for values in kept.values()])
        values = np.concatenate(list(kept.values())) if kept else np.empty(0)
        return pd.DataFrame({"batch_size": sizes, "value": values.astype(float)})

    def scale_tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(resolved, unresolved): step, value, low, high in windows; and the steps where it is not resolved."""
        rows = [
            (step, m["simple_noise_scale"], m["low"], m["high"]) for step, m in self.scales.items() if m["resolved"]
        ]
        resolved = pd.DataFrame(rows, columns=["step", "value", "low", "high"])
        return resolved, pd.DataFrame({"step": [s for s, m in self.scales.items() if not m["resolved"]]}, dtype=int)
