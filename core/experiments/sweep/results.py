"""What a sweep over the learning rate has found so far."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.experiments.messages import Message
from core.experiments.results import Results
from core.experiments.sweep.messages import Diverged, Validation
from core.experiments.sweep.spec import SweepSpec
from core.measure.comparison import mean_and_half_width
from core.measure.targets import StepsFit, fit_steps, steps_to_target


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


class SweepResults(Results):
    """Of one sweep. Shapes: E validations, R seeds."""

    spec: SweepSpec

    def __init__(self, spec: SweepSpec):
        super().__init__(spec)
        self.evals: dict[tuple[float, int], list[Validation]] = defaultdict(list)  # by rate and batch size
        self.num_diverged: dict[tuple[float, int], int] = defaultdict(int)  # runs, by rate and batch size
        self.batch_sizes = tuple(sorted(spec.race.train.batch_sizes))

    @property
    def begun(self) -> bool:
        return bool(self.evals)

    def take_own(self, message: Message) -> None:
        match message:
            case Validation():
                self.evals[message.learning_rate, message.batch_size].append(message)
            case Diverged():
                self.num_diverged[message.learning_rate, message.batch_size] += 1

    def num_steps(self, batch_size: int) -> int:
        return self.spec.race.train.num_steps(batch_size, self.spec.race.block_size)

    def curve(self, rate: float, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """(steps, losses): (E,) and (E, R), NaN where a run has diverged."""
        rows = self.evals.get((rate, batch_size), [])
        shape = len(rows), self.spec.race.train.num_seeds
        losses = np.array([row.losses for row in rows], dtype=float).reshape(shape)
        return np.array([row.step for row in rows], dtype=int), losses

    def finished(self, rate: float, batch_size: int) -> bool:
        """Whether all its runs have come to the end of the budget, or diverged."""
        steps, _ = self.curve(rate, batch_size)
        at_end = len(steps) > 0 and steps[-1] == self.num_steps(batch_size)
        return at_end or self.num_diverged.get((rate, batch_size), 0) == self.spec.race.train.num_seeds

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
    flatter. `runs` as `SweepResults.runs_to` gives them."""
    whole = runs.groupby("batch_size").filter(lambda rows: np.isfinite(rows["steps"]).all()) if len(runs) else runs
    return fit_steps(whole["batch_size"].to_numpy(), whole["steps"].to_numpy(dtype=float)) if len(whole) else None
