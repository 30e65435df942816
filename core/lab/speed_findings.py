"""What a page draws of a measurement of speed and memory: `core.lab.speed` has the messages."""

from collections import defaultdict

import numpy as np
import pandas as pd

from core.lab.curves import Read
from core.lab.experiments import SpeedSpec
from core.lab.findings import Findings
from core.measure.comparison import Estimate, mean_and_half_width
from core.measure.step_time import StepTimeFit, fit_step_time

STATE = ("weights", "gradients", "optimizer")


class SpeedFindings(Findings):
    """Of one measurement. A way is (batch size, micro-batch size): the two are equal in one go."""

    def __init__(self, read: Read, spec: SpeedSpec):
        super().__init__(read)
        self.spec = spec
        self.held: dict[tuple[int, int], dict] = {}  # what a step holds, by batch size and block size
        self.no_memory: int | None = None  # the batch size that did not fit
        self.products: list[float] = []  # operations a second of a large matrix product, one a round
        self.seconds: dict[tuple[int, int], list[float]] = defaultdict(list)  # by way, one a round
        self.largest: dict | None = None

    @property
    def begun(self) -> bool:
        return bool(self.held)

    def _take_found(self, message: dict) -> None:
        match message["kind"]:
            case "memory":
                self.held[message["batch_size"], message["block_size"]] = message
            case "no_memory":
                self.no_memory = message["batch_size"]
            case "product":
                self.products.append(message["flops_per_second"])
            case "step":
                self.seconds[message["batch_size"], message["micro_batch_size"]].append(message["seconds"])
            case "largest":
                self.largest = message

    # ---- time

    @property
    def in_one_go(self) -> dict[int, np.ndarray]:
        """Seconds of a step in one go, (rounds,) each, by batch size, ascending."""
        return {b: np.array(each) for (b, m), each in sorted(self.seconds.items()) if b == m}

    def windows_a_second(self) -> dict[int, np.ndarray]:
        return {b: b / seconds for b, seconds in self.in_one_go.items()}

    def fit(self) -> StepTimeFit | None:
        known = self.in_one_go
        sizes = np.repeat(list(known), [len(each) for each in known.values()])
        return fit_step_time(sizes, np.concatenate(list(known.values()))) if known else None

    def shares(self) -> dict[int, Estimate]:
        """Of what the device's own matrix product reached in the same round, how much a step at B did: geometric mean
        over the rounds with its 95% t interval, by batch size."""
        found = {}
        for batch_size, seconds in self.in_one_go.items():
            rounds = min(len(seconds), len(self.products))
            reached = batch_size * self.started["flops_per_window"] / seconds[:rounds]
            mean, half = mean_and_half_width(np.log(reached / np.array(self.products[:rounds])))
            found[batch_size] = Estimate(*np.exp([mean, mean - half, mean + half]).tolist())
        return found

    def by_micro_batch(self) -> dict[int, np.ndarray]:
        """Seconds of the same batch, (rounds,) each, by how many windows go through the model at once."""
        return {m: np.array(each) for (b, m), each in sorted(self.seconds.items()) if b == self.spec.together}

    # ---- memory

    @property
    def state_bytes(self) -> dict[str, int]:
        """What is held whatever the batch: weights, gradients, optimizer."""
        return {name: self.started[f"{name}_bytes"] for name in STATE}

    def parts(self, batch_size: int, block_size: int) -> dict[str, int]:
        """Bytes of each part of what a step holds at once; "passing" is what is there for a moment only."""
        held = self.held[batch_size, block_size]
        passing = {} if held["peak"] is None else {"passing": max(0, held["peak"] - held["activations"])}
        return {**self.state_bytes, "activations": held["activations"], **passing}

    def by_batch_size(self) -> dict[int, dict[str, int]]:
        T = self.spec.race.block_size
        return {b: self.parts(b, t) for b, t in sorted(self.held) if t == T}

    def by_block_size(self) -> dict[int, dict[str, int]]:
        """At the one batch size that was counted at other block sizes too."""
        T = self.spec.race.block_size
        others = {b for b, t in self.held if t != T}
        return {t: self.parts(b, t) for b, t in sorted(self.held, key=lambda key: key[1]) if b in others}

    def line(self) -> tuple[float, float] | None:
        """(intercept, slope): bytes of activations at no window, and of each, by least squares. None where fewer than
        two batch sizes are known."""
        kept = {b: parts["activations"] for b, parts in self.by_batch_size().items()}
        if len(kept) < 2:
            return None
        slope, intercept = np.polyfit(list(kept), list(kept.values()), 1)
        return float(intercept), float(slope)


def table_of(parts: dict[int, dict[str, int]], column: str) -> pd.DataFrame:
    """Parts on one another, as `core.charts.memory_chart` has them: a row a part."""
    rows = []
    for size, each in parts.items():
        ends = np.cumsum([0, *each.values()]) / 1e6
        rows += [(size, name, high - low, low, high) for name, low, high in zip(each, ends, ends[1:], strict=False)]
    return pd.DataFrame(rows, columns=[column, "part", "megabytes", "low", "high"])
