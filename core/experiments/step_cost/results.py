"""What a measurement of what a step costs has found so far."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.experiments.messages import Message
from core.experiments.results import Results
from core.experiments.step_cost.messages import Difference, Largest, Memory, NoMemory, Round, Started
from core.experiments.step_cost.spec import StepCostSpec
from core.measure.comparison import ratio_of
from core.measure.estimate import Estimate
from core.measure.step_time import StepTimeFit, fit_step_time

STATE = ("weights", "gradients", "optimizer")


class StepCostResults(Results):
    """Of one measurement. A split is (batch size, micro-batch size): the two are equal for a batch in one pass."""

    spec: StepCostSpec
    started: Started | None

    def __init__(self, spec: StepCostSpec):
        super().__init__(spec)
        self.memory: dict[tuple[int, int], Memory] = {}  # of a step, by batch size and block size
        self.no_memory: NoMemory | None = None
        self.differences: dict[int, float] = {}  # of the gradients, by micro-batch size
        self.products: list[float] = []  # operations a second of a large matrix product as a step makes it, one a round
        self.onednn_products: list[float] = []  # the same by torch's other library, where there is one
        self.seconds: dict[tuple[int, int], list[float]] = defaultdict(list)  # by split, one a round
        self.largest: Largest | None = None

    @property
    def begun(self) -> bool:
        return bool(self.memory)

    def take_own(self, message: Message) -> None:
        match message:
            case Memory():
                self.memory[message.batch_size, message.block_size] = message
            case NoMemory():
                self.no_memory = message
            case Difference():
                self.differences[message.micro_batch_size] = message.difference
            case Round():
                self.take_round(message)
            case Largest():
                self.largest = message

    def take_round(self, message: Round) -> None:
        if message.flops_per_second:
            self.products.append(message.flops_per_second)
        if message.onednn_flops_per_second:
            self.onednn_products.append(message.onednn_flops_per_second)
        for step in message.steps:
            self.seconds[step.batch_size, step.micro_batch_size].append(step.seconds)

    # ---- time

    @property
    def one_pass(self) -> dict[int, np.ndarray]:
        """Seconds of a step in one pass, (rounds,) each, by batch size, ascending."""
        return {b: np.array(each) for (b, m), each in sorted(self.seconds.items()) if b == m}

    def windows_a_second(self) -> dict[int, np.ndarray]:
        return {b: b / seconds for b, seconds in self.one_pass.items()}

    def fit(self) -> StepTimeFit | None:
        known = self.one_pass
        sizes = np.repeat(list(known), [len(each) for each in known.values()])
        return fit_step_time(sizes, np.concatenate(list(known.values()))) if known else None

    def timing_error(self) -> float:
        """The largest standard error of a batch size's mean of ln t, over the rounds."""
        logs = [np.log(seconds) for seconds in self.one_pass.values()]
        return max(each.std(ddof=1) / np.sqrt(len(each)) for each in logs)

    def product_share(self, batch_size: int) -> Estimate:
        """How much of the rate of a large matrix product, taken in the same round by the faster library, a step's own
        products reach: the geometric mean over the rounds with its 95% t interval."""
        reached = batch_size * self.started.flops_per_window / self.one_pass[batch_size]
        return ratio_of(reached, np.array(self.fastest_products))

    @property
    def fastest_products(self) -> list[float]:
        """Those of the library that makes more of them."""
        return max(self.products, self.onednn_products, key=lambda rates: np.median(rates) if rates else 0)

    def by_micro_batch(self) -> dict[int, np.ndarray]:
        """Seconds of the batch that is split, (rounds,) each, by how many windows go through the model at once,
        ascending: the last in one pass."""
        return {m: np.array(each) for (b, m), each in sorted(self.seconds.items()) if b == self.spec.split_size}

    # ---- memory

    def parts(self, batch_size: int, block_size: int) -> dict[str, int]:
        """Bytes of each part of what a step holds at once; "temporary" is what is there for a moment only."""
        found = self.memory[batch_size, block_size]
        temporary = {} if found.peak is None else {"temporary": max(0, found.peak - found.activations)}
        return {name: getattr(found, name) for name in (*STATE, "activations")} | temporary

    def by_batch_size(self) -> dict[int, dict[str, int]]:
        T = self.spec.race.block_size
        return {b: self.parts(b, t) for b, t in sorted(self.memory) if t == T}

    @property
    def activation_bytes(self) -> dict[int, int]:
        """By batch size, ascending."""
        return {b: parts["activations"] for b, parts in self.by_batch_size().items()}

    @property
    def state_bytes(self) -> dict[str, int]:
        """What is held whatever the batch size: weights, gradients, optimizer. Once a batch size is known."""
        parts = next(iter(self.by_batch_size().values()))
        return {name: parts[name] for name in STATE}

    @property
    def size_of_blocks(self) -> int | None:
        """The one batch size that was counted at other block sizes too."""
        return next((b for b, t in self.memory if t != self.spec.race.block_size), None)

    def by_block_size(self) -> dict[int, dict[str, int]]:
        """At that one."""
        return {t: self.parts(b, t) for b, t in sorted(self.memory, key=lambda key: key[1]) if b == self.size_of_blocks}

    def line(self) -> tuple[float, float] | None:
        """(intercept, slope): bytes of activations at no window, and of each, by least squares. None where fewer than
        two batch sizes are known."""
        kept = self.activation_bytes
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
