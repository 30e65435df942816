"""What a page draws of a measurement of speed and memory: `core.experiments.speed.run` has the messages."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.experiments.results import Results
from core.experiments.speed.spec import SpeedSpec
from core.measure.comparison import Estimate, ratio_of
from core.measure.step_time import StepTimeFit, fit_step_time

STATE = ("weights", "gradients", "optimizer")


class SpeedResults(Results):
    """Of one measurement. A way is (batch size, micro-batch size): the two are equal in one go."""

    spec: SpeedSpec

    def __init__(self, spec: SpeedSpec):
        super().__init__(spec)
        self.held: dict[tuple[int, int], dict] = {}  # what a step holds, by batch size and block size
        self.no_memory: dict | None = None  # the batch size that did not fit
        self.products: list[float] = []  # operations a second of a large matrix product as a step makes it, one a round
        self.onednn_products: list[float] = []  # the same by torch's other library, where there is one
        self.seconds: dict[tuple[int, int], list[float]] = defaultdict(list)  # by way, one a round
        self.largest: dict | None = None

    @property
    def begun(self) -> bool:
        return bool(self.held)

    def take_own(self, message: dict) -> None:
        match message["kind"]:
            case "memory":
                self.held[message["batch_size"], message["block_size"]] = message
            case "no_memory":
                self.no_memory = message
            case "round":
                self.products.append(message["flops_per_second"])
                if by_onednn := message.get("onednn_flops_per_second"):
                    self.onednn_products.append(by_onednn)
                for batch_size, micro_batch_size, seconds in message["steps"]:
                    self.seconds[batch_size, micro_batch_size].append(seconds)
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

    def timing_error(self) -> float:
        """The largest standard error of a batch size's mean of ln t, over the rounds."""
        logs = [np.log(seconds) for seconds in self.in_one_go.values()]
        return max(each.std(ddof=1) / np.sqrt(len(each)) for each in logs)

    def product_share(self, batch_size: int) -> Estimate:
        """How much of the rate of a large matrix product, taken in the same round by the faster library, a step's own
        products reach: the geometric mean over the rounds with its 95% t interval."""
        reached = batch_size * self.started["flops_per_window"] / self.in_one_go[batch_size]
        return ratio_of(reached, np.array(self.fastest_products))

    @property
    def fastest_products(self) -> list[float]:
        """Those of the library that makes more of them."""
        return max(self.products, self.onednn_products, key=lambda rates: np.median(rates) if rates else 0)

    def by_micro_batch(self) -> dict[int, np.ndarray]:
        """Seconds of the same batch, (rounds,) each, by how many windows go through the model at once."""
        return {m: np.array(each) for (b, m), each in sorted(self.seconds.items()) if b == self.spec.together}

    # ---- memory

    def parts(self, batch_size: int, block_size: int) -> dict[str, int]:
        """Bytes of each part of what a step holds at once; "passing" is what is there for a moment only."""
        held = self.held[batch_size, block_size]
        passing = {} if held["peak"] is None else {"passing": max(0, held["peak"] - held["activations"])}
        return {name: held[name] for name in (*STATE, "activations")} | passing

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


@dataclass(frozen=True)
class Best:
    """Of several options with a value in each of some rounds: which is best, and which these rounds cannot tell from
    it. Every other round chooses, and the rest judge: who was chosen by luck has no luck there."""

    option: int
    rivals: tuple[int, ...]


def best_of(values: dict[int, np.ndarray]) -> Best:
    """The option with the highest values, (rounds,) each, at least four of them.

    >>> best_of({1: np.array([1.0, 1.1, 1.0, 1.1]), 4: np.array([3.0, 3.1, 2.9, 3.2])})
    Best(option=4, rivals=())
    """
    chosen = max(values, key=lambda option: np.log(values[option][::2]).mean())
    judged = {option: ratio_of(values[chosen][1::2], each[1::2]) for option, each in values.items() if option != chosen}
    return Best(chosen, tuple(option for option, ratio in judged.items() if not ratio.above(1)))


def table_of(parts: dict[int, dict[str, int]], column: str) -> pd.DataFrame:
    """Parts on one another, as `core.charts.memory_chart` has them: a row a part."""
    rows = []
    for size, each in parts.items():
        ends = np.cumsum([0, *each.values()]) / 1e6
        rows += [(size, name, high - low, low, high) for name, low, high in zip(each, ends, ends[1:], strict=False)]
    return pd.DataFrame(rows, columns=[column, "part", "megabytes", "low", "high"])
