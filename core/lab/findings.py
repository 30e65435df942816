"""What a page draws of a measurement of noise, kept up to date from the store; `core.lab.noise` has the messages."""

import threading
from collections import defaultdict

import numpy as np
import pandas as pd

from core.lab.curves import Read
from core.lab.experiments import NoiseSpec
from core.lab.store import READ_AT_ONCE

SPREAD = ("batch_size", "sigma", "low", "high")


class NoiseFindings:
    """All that is known of one measurement. `refresh` takes in what is new; safe for several viewers at once.

    read: gives the messages after a number, and the number of the last: `Store.read` of one experiment, say.
    """

    def __init__(self, read: Read, spec: NoiseSpec):
        self.read, self.spec = read, spec
        self.lock = threading.Lock()
        self.cursor = 0
        self.started: dict | None = None
        self.share, self.doing = 0.0, "getting ready"
        self.whole: dict[int, dict] = {}  # by step
        self.scales: dict[int, dict] = {}  # by step
        self.slopes: dict[tuple[int, str], dict] = {}  # by step and quantity
        self.spreads: dict[tuple[int, str], list[dict]] = defaultdict(list)  # by step and quantity, or "distinct"
        self.batches: dict[tuple[int, str], dict[int, np.ndarray]] = defaultdict(dict)  # by step and what was kept

    def refresh(self) -> None:
        """Take in what is new in the store."""
        with self.lock:
            more = True
            while more:
                messages, self.cursor = self.read(self.cursor)
                for message in messages:
                    self._take(message)
                more = len(messages) == READ_AT_ONCE

    def _take(self, message: dict) -> None:
        step = message.get("step")
        match message["kind"]:
            case "started":
                self.started = message
            case "progress":
                self.share, self.doing = message["share"], message["doing"]
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
