"""What a page draws of an experiment that is not a plain race, kept up to date from the store.

`core.lab.noise`, `core.lab.sweep`, `core.lab.cost` and `core.lab.orders` have the messages.
"""

import threading
from abc import ABC, abstractmethod
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.batches import ORDERS
from core.lab.curves import RaceCurves, Read, read_all
from core.lab.experiments import CostSpec, NoiseSpec, OrdersSpec, ParallelSpec, SweepSpec
from core.measure.comparison import Estimate, at_equal, mean_and_half_width
from core.measure.targets import StepsFit, fit_steps, steps_to_target

SPREAD = ("batch_size", "sigma", "low", "high")


class Findings(ABC):
    """All that is known of one experiment. `refresh` takes in what is new; safe for several viewers at once.

    read: gives the messages after a number, and the number of the last: `Store.read` of one experiment, say.
    """

    def __init__(self, read: Read):
        self.read = read
        self.lock = threading.Lock()
        self.cursor = 0
        self.started: dict | None = None
        self.share, self.doing = 0.0, "getting ready"

    def refresh(self) -> None:
        """Take in what is new in the store."""
        with self.lock:
            self.cursor = read_all(self.read, self.cursor, self._take)

    def _take(self, message: dict) -> None:
        match message["kind"]:
            case "started":
                self.started = message
            case "progress":
                self.share, self.doing = message["share"], message["doing"]
            case _:
                self._take_found(message)

    @abstractmethod
    def _take_found(self, message: dict) -> None:
        """A message that only this kind of experiment has."""


class NoiseFindings(Findings):
    """Of one measurement of noise at frozen weights."""

    def __init__(self, read: Read, spec: NoiseSpec):
        super().__init__(read)
        self.spec = spec
        self.whole: dict[int, dict] = {}  # by step
        self.scales: dict[int, dict] = {}  # by step
        self.slopes: dict[tuple[int, str], dict] = {}  # by step and quantity
        self.spreads: dict[tuple[int, str], list[dict]] = defaultdict(list)  # by step and quantity, or "distinct"
        self.batches: dict[tuple[int, str], dict[int, np.ndarray]] = defaultdict(dict)  # by step and what was kept

    @property
    def begun(self) -> bool:
        return bool(self.whole)

    def _take_found(self, message: dict) -> None:
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


@dataclass(frozen=True)
class BestRate:
    """The learning rate with the lowest final validation loss at one batch size, and those as good as these seeds can
    tell: whose difference from it, paired over the seeds, has a 95% t interval that holds 0."""

    rate: float
    loss: float  # mean over the seeds
    lowest: float
    highest: float

    def holds(self, rate: float) -> bool:
        """Whether that rate lies among them."""
        return self.lowest <= rate <= self.highest


class SweepFindings(Findings):
    """Of one sweep. Shapes: E validations, R seeds."""

    def __init__(self, read: Read, spec: SweepSpec):
        super().__init__(read)
        self.spec = spec
        self.evals: dict[tuple[float, int], list[tuple[int, list]]] = defaultdict(list)  # by rate and batch size
        self.num_diverged: dict[tuple[float, int], int] = defaultdict(int)  # runs, by rate and batch size
        self.batch_sizes = tuple(sorted(spec.race.train.batch_sizes))

    @property
    def begun(self) -> bool:
        return bool(self.evals)

    def _take_found(self, message: dict) -> None:
        key = (message["learning_rate"], message["batch_size"])
        match message["kind"]:
            case "eval":
                self.evals[key].append((message["step"], message["losses"]))
            case "diverged":
                self.num_diverged[key] += 1

    def num_steps(self, batch_size: int) -> int:
        return self.spec.race.train.num_steps(batch_size, self.spec.race.block_size)

    def curve(self, rate: float, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """(steps, losses): (E,) and (E, R), NaN where a run has diverged."""
        rows = self.evals.get((rate, batch_size), [])
        shape = len(rows), self.spec.race.train.num_seeds
        losses = np.array([values for _, values in rows], dtype=float).reshape(shape)
        return np.array([step for step, _ in rows], dtype=int), losses

    def finished(self, rate: float, batch_size: int) -> bool:
        """Whether all its runs have come to the end of the budget, or diverged."""
        steps, _ = self.curve(rate, batch_size)
        at_end = len(steps) > 0 and steps[-1] == self.num_steps(batch_size)
        return at_end or self.num_diverged[rate, batch_size] == self.spec.race.train.num_seeds

    @property
    def finished_rates(self) -> list[float]:
        """The rates that every batch size has been through, ascending."""
        return [r for r in self.spec.learning_rates if all(self.finished(r, b) for b in self.batch_sizes)]

    def final(self, batch_size: int) -> dict[float, np.ndarray]:
        """The validation losses (R,) at the end of the budget, by rate; rates with a run that diverged are left out, as
        are those that are not at their end."""
        found = {}
        for rate in self.spec.learning_rates:
            steps, losses = self.curve(rate, batch_size)
            if len(steps) and steps[-1] == self.num_steps(batch_size) and np.isfinite(losses[-1]).all():
                found[rate] = losses[-1]
        return found

    def rate_table(self) -> pd.DataFrame:
        """rate, batch_size, mean, low, high: final validation losses with their 95% t interval over the seeds."""
        rows = []
        for batch_size in self.batch_sizes:
            for rate, losses in self.final(batch_size).items():
                mean, half = mean_and_half_width(losses)
                rows.append((rate, batch_size, mean, mean - half, mean + half))
        return pd.DataFrame(rows, columns=["rate", "batch_size", "mean", "low", "high"])

    def best_rates(self) -> dict[int, BestRate]:
        """By batch size, where at least two rates are at their end."""
        found = {}
        for batch_size in self.batch_sizes:
            losses = self.final(batch_size)
            if len(losses) < 2:
                continue
            best = min(losses, key=lambda rate: losses[rate].mean())
            behind = {rate: mean_and_half_width(values - losses[best]) for rate, values in losses.items()}
            as_good = [rate for rate, (mean, half) in behind.items() if rate == best or not mean - half > 0]
            found[batch_size] = BestRate(best, float(losses[best].mean()), min(as_good), max(as_good))
        return found

    def usual_target(self) -> float | None:
        """A loss that every batch size reaches, at some rate, with all seeds; None until one rate of each is done."""
        reached = []
        for batch_size in self.batch_sizes:
            curves = [self.curve(rate, batch_size)[1] for rate in self.final(batch_size)]
            if not curves:
                return None
            reached.append(min(losses.min(axis=0).max() for losses in curves))  # by its slowest seed
        return float(np.ceil(100 * max(reached)) / 100)

    def runs_to(self, target: float) -> pd.DataFrame:
        """batch_size, rate, seed, steps: each run's steps to the target, infinite if it did not reach it, at the rate
        that takes the batch size there soonest (where no rate gets all seeds there, that with the lowest loss)."""
        rows = []
        for batch_size in self.batch_sizes:
            taken = {}
            for rate in self.spec.learning_rates:
                steps, losses = self.curve(rate, batch_size)
                if len(steps) and steps[-1] == self.num_steps(batch_size):
                    taken[rate] = np.array([steps_to_target(steps, column, target) for column in losses.T])
            if not taken:
                continue
            lowest = {rate: np.nanmin(self.curve(rate, batch_size)[1]) for rate in taken}
            rate = min(taken, key=lambda r: (taken[r].mean(), lowest[r]))
            rows += [(batch_size, rate, s, t) for s, t in zip(self.spec.race.train.seeds, taken[rate], strict=True)]
        return pd.DataFrame(rows, columns=["batch_size", "rate", "seed", "steps"])


def mean_steps(steps: pd.Series) -> float:
    """The geometric mean over the seeds, as charts and fit have it; infinite where a run did not reach the target."""
    with np.errstate(divide="ignore"):  # a run that was there at its beginning took no step
        return float(np.exp(np.log(steps).mean()))


def fit_of(runs: pd.DataFrame) -> StepsFit | None:
    """S(B) fitted to the batch sizes that reached the target with every seed: to leave out only runs that did not would
    flatter. `runs` as `SweepFindings.runs_to` gives them."""
    whole = runs.groupby("batch_size").filter(lambda rows: np.isfinite(rows["steps"]).all()) if len(runs) else runs
    return fit_steps(whole["batch_size"].to_numpy(), whole["steps"].to_numpy(dtype=float)) if len(whole) else None


class ParallelFindings(Findings):
    """Of one data parallel training."""

    def __init__(self, read: Read, spec: ParallelSpec):
        super().__init__(read)
        self.spec = spec
        self.told: dict | None = None  # who takes which rows, and by which backend
        self.steps: list[dict] = []

    @property
    def begun(self) -> bool:
        return bool(self.steps)

    def _take_found(self, message: dict) -> None:
        match message["kind"]:
            case "ranks":
                self.told = message
            case "step":
                self.steps.append(message)
                self.share, self.doing = message["step"] / self.spec.plan.num_steps, f"step {message['step']:,}"

    def seconds(self, what: str) -> np.ndarray:
        """ "compute", "wait" or "reduce" seconds of every rank, in every step but the first: (steps, W)."""
        rows = [[rank[f"{what}_seconds"] for rank in step["ranks"]] for step in self.steps[1:] or self.steps]
        return np.array(rows, dtype=float).reshape(-1, self.spec.num_ranks)


class CostFindings(Findings):
    """Of one measurement of what a step costs. A way is (batch size, micro-batch size): the two are equal in one go."""

    def __init__(self, read: Read, spec: CostSpec):
        super().__init__(read)
        self.spec = spec
        self.activation_bytes: dict[int, int] = {}  # by batch size
        self.differences: dict[int, float] = {}  # of the gradients, by micro-batch size
        self.seconds: dict[tuple[int, int], list[float]] = defaultdict(list)  # by way, one a round

    @property
    def begun(self) -> bool:
        return bool(self.activation_bytes)

    def _take_found(self, message: dict) -> None:
        match message["kind"]:
            case "activations":
                self.activation_bytes[message["batch_size"]] = message["bytes"]
            case "split":
                self.differences[message["micro_batch_size"]] = message["difference"]
            case "step":
                self.seconds[message["batch_size"], message["micro_batch_size"]].append(message["seconds"])

    @property
    def state_bytes(self) -> dict[str, int]:
        """What is held whatever the batch size: weights, gradients, optimizer."""
        return {name: self.started[f"{name}_bytes"] for name in ("weights", "gradients", "optimizer")}

    def rounds_of(self, *ways: tuple[int, int]) -> list[np.ndarray]:
        """The seconds of these ways in the rounds that all of them have been through: (rounds,) each."""
        rounds = min(len(self.seconds[way]) for way in ways)
        return [np.array(self.seconds[way][:rounds]) for way in ways]


class OrdersFindings(Findings):
    """Of one race of orders: what a race's page knows of it, for each order, and what was measured besides."""

    def __init__(self, read: Read, spec: OrdersSpec):
        super().__init__(read)
        self.spec = spec
        runs = {order: replace(spec.race, train=spec.plan_at(order)) for order in ORDERS}
        self.curves = {order: RaceCurves(read, race) for order, race in runs.items()}
        self.waves: dict[str, dict] = {}  # by order
        self.edges: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # (before, behind) the epoch's end, (R,) each
        self.edge_steps = 0  # on either side

    @property
    def begun(self) -> bool:
        return all(curves.begun for curves in self.curves.values())

    def _take_found(self, message: dict) -> None:
        order = message["order"]
        match message["kind"]:
            case "waves":
                self.waves[order] = message
            case "edge":
                self.edges[order] = np.array(message["before"], float), np.array(message["after"], float)
                self.edge_steps = message["width"]
            case _:
                with self.curves[order].lock:
                    self.curves[order].take(message)

    @property
    def noise(self) -> dict[str, dict]:
        """How far the loss jumps from step to step, by order."""
        size = self.spec.batch_size
        return {order: curves.noise[size] for order, curves in self.curves.items() if size in curves.noise}

    def losses_at_equal(self, what: str = "validation") -> tuple[float, dict[str, np.ndarray]]:
        """(tokens, losses): the most tokens that every order has been validated after, and there the losses (R,) of
        each; what: "validation" or "training", the latter on fixed windows of the training part. Orders with a run that
        has diverged are left out."""
        tokens, losses = {}, {}
        for order, curves in self.curves.items():
            with curves.lock:
                steps, *both = curves.evaluations(self.spec.batch_size)
            if not curves.divergences:
                tokens[order] = curves.x_of("tokens", self.spec.batch_size, steps)
                losses[order] = both[what == "training"]
        return at_equal(tokens, losses)

    def wave(self, order: str) -> Estimate | None:
        """How far the means of m losses in a row jump, over how far they would if losses were independent of each
        other, sqrt(m) sigma_m / sigma_1: see `core.measure.waves`. None while there is too little."""
        one, many = self.noise.get(order), self.waves.get(order)
        if not (one and many):
            return None
        means, root = Estimate(many["sigma"], many["low"], many["high"]), many["width"] ** 0.5
        return means.times(Estimate(root / one["sigma"], root / one["high"], root / one["low"]))
