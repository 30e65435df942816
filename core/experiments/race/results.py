"""What a race has found so far, for drawing. Shapes: R replicas (seeds)."""

import numpy as np
import pandas as pd

from core.experiments.codec import build
from core.experiments.messages import Message
from core.experiments.race.curve import Curve, long_table
from core.experiments.race.messages import (
    Diverged,
    Losses,
    Noise,
    Started,
    StepTime,
    Validation,
    Written,
)
from core.experiments.race.spec import RaceSpec
from core.experiments.results import Read, Results, read_all
from core.measure.comparison import Overfit, at_equal, mean_and_half_width, overfit_of
from core.training import ExecutionPlan

MAX_POINTS = 900  # of all training curves of one race together


class RaceResults(Results):
    """All that is known of one race, for drawing.

    half_life_tokens: an exponential average over the training losses before they are thinned; 0 is none.
    """

    spec: RaceSpec
    started: Started | None

    def __init__(self, spec: RaceSpec, half_life_tokens: int = 0):
        super().__init__(spec)
        self.half_life_tokens = half_life_tokens
        plan = spec.train
        self.batch_sizes = tuple(sorted(plan.batch_sizes))
        points = max(24, MAX_POINTS // (len(self.batch_sizes) * (plan.num_seeds + 1)))
        self.seed_curves = {(b, s): Curve(points) for b in self.batch_sizes for s in plan.seeds}
        self.mean_curves = {b: Curve(points, num_columns=3) for b in self.batch_sizes}  # mean, lowest, highest
        self.smooth_state: dict[int, np.ndarray] = {}
        self.steps = dict.fromkeys(self.batch_sizes, 0)  # done so far
        self.validation: dict[int, list[Validation]] = {b: [] for b in self.batch_sizes}
        self.noise: dict[int, Noise] = {}
        self.step_seconds: dict[int, float] = {}
        self.probes: dict[int, tuple[float, ...]] = {}  # of the seconds of a step
        self.texts: dict[int, list[Written]] = {b: [] for b in self.batch_sizes}
        self.divergences: list[Diverged] = []

    def take_own(self, message: Message) -> None:
        match message:
            case Losses():
                self._take_losses(message.batch_size, message.step, message.losses.astype(float))
            case Validation():
                self.validation[message.batch_size].append(message)
            case Noise():
                self.noise[message.batch_size] = message
            case StepTime():
                self.step_seconds[message.batch_size] = message.step_seconds
                self.probes[message.batch_size] = message.known_probes
            case Written():
                self.texts[message.batch_size].append(message)
            case Diverged():
                self.divergences.append(message)

    def _take_losses(self, batch_size: int, first_step: int, losses: np.ndarray) -> None:
        if self.half_life_tokens:
            losses = self._smooth(batch_size, losses)
        steps = np.arange(first_step, first_step + len(losses))
        for place, seed in enumerate(self.spec.train.seeds):
            self.seed_curves[batch_size, seed].add(steps, losses[:, place : place + 1])
        alive = np.isfinite(losses).any(axis=1)
        if alive.any():
            some = losses[alive]
            columns = [np.nanmean(some, axis=1), np.nanmin(some, axis=1), np.nanmax(some, axis=1)]
            self.mean_curves[batch_size].add(steps[alive], np.stack(columns, axis=1))
        self.steps[batch_size] = int(steps[-1])

    def _smooth(self, batch_size: int, losses: np.ndarray) -> np.ndarray:
        """An exponential average that goes on from block to block, its half-life in tokens."""
        before = self.smooth_state.get(batch_size)
        series = losses if before is None else np.vstack([before, losses])
        half_life_steps = self.half_life_tokens / (batch_size * self.spec.block_size)
        smooth = pd.DataFrame(series).ewm(halflife=half_life_steps, adjust=False).mean().to_numpy()
        smooth = np.where(np.isfinite(series), smooth, np.nan)  # a run that has ended has no more losses
        self.smooth_state[batch_size] = smooth[-1:]
        return smooth if before is None else smooth[1:]

    # ---- as tables

    def x_of(self, axis: str, batch_size: int, steps: np.ndarray) -> np.ndarray:
        """Steps as steps, as tokens seen, or as seconds of one run alone."""
        tokens = batch_size * self.spec.block_size
        factor = {"steps": 1, "tokens": tokens, "seconds": self.step_seconds.get(batch_size, np.nan)}[axis]
        return steps * factor

    def step_at(self, axis: str, batch_size: int, seed: int, x: float, loss: float) -> int:
        """The step of a point that was drawn at (x, loss): the nearest with that loss. Raises ValueError if there is
        none, for instance when the seconds of a step have been measured anew since."""
        steps, values = self.seed_curves[batch_size, seed].thinned()
        same = steps[np.isclose(values[:, 0], loss, rtol=1e-6)]
        if not len(same):
            raise ValueError("That point is no longer on the chart: choose it again.")
        return int(same[np.abs(self.x_of(axis, batch_size, same) - x).argmin()])

    @property
    def executions(self) -> tuple[ExecutionPlan, ...]:
        """How its runs were executed, in the order of its batch sizes; empty before it has begun."""
        return self.started.executions if self.started else ()

    def num_steps(self, batch_size: int) -> int:
        return self.spec.train.num_steps(batch_size, self.spec.block_size)

    def x_limit(self, axis: str) -> float:
        """Where the axis ends when the race is over."""
        ends = [self.x_of(axis, b, np.array(self.num_steps(b))) for b in self.batch_sizes]
        return float(np.nanmax(ends)) if np.isfinite(ends).any() else 1.0

    def training_tables(self, axis: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(lines, mean): a row a point; x, loss, batch_size, seed, and x, mean, low, high, batch_size."""
        lines = [
            (self.x_of(axis, batch_size, steps), values[:, 0], batch_size, seed)
            for (batch_size, seed), curve in self.seed_curves.items()
            for steps, values in [curve.thinned()]
        ]
        means = [
            (self.x_of(axis, batch_size, steps), *values.T, batch_size)
            for batch_size, curve in self.mean_curves.items()
            for steps, values in [curve.thinned()]
        ]
        return (
            long_table(lines, ("x", "loss", "batch_size", "seed")),
            long_table(means, ("x", "mean", "low", "high", "batch_size")),
        )

    def validation_tables(self, axis: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(lines, mean) as for training; low and high are the 95% t interval over the seeds."""
        lines, means = [], []
        for batch_size in self.batch_sizes:
            steps, losses, _ = self.evaluations(batch_size)
            some = np.isfinite(losses).any(axis=1)
            if not some.any():
                continue
            losses, x = losses[some], self.x_of(axis, batch_size, steps[some])
            for place, seed in enumerate(self.spec.train.seeds):
                known = np.isfinite(losses[:, place])
                lines.append((x[known], losses[known, place], batch_size, seed))
            mean, half = np.array([mean_and_half_width(values[np.isfinite(values)]) for values in losses]).T
            means.append((x, mean, mean - half, mean + half, batch_size))
        return (
            long_table(lines, ("x", "loss", "batch_size", "seed")),
            long_table(means, ("x", "mean", "low", "high", "batch_size")),
        )

    def evaluations(self, batch_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(steps, losses, train_losses): (E,), (E, R) and (E, R); NaN where a run has diverged, or where the losses on
        the training part were not asked for."""
        rows = self.validation[batch_size]
        none, shape = [None] * self.spec.train.num_seeds, (-1, self.spec.train.num_seeds)
        losses = np.array([row.losses for row in rows], dtype=float).reshape(shape)
        train_losses = np.array([row.train_losses or none for row in rows], dtype=float).reshape(shape)
        return np.array([row.step for row in rows], dtype=int), losses, train_losses

    @property
    def whole_sizes(self) -> list[int]:
        """The batch sizes none of whose runs has diverged."""
        return sorted(set(self.batch_sizes) - {gone.batch_size for gone in self.divergences})

    def validation_at_equal(self, axis: str) -> tuple[float, dict[int, np.ndarray]]:
        """(x, losses): the largest x that all batch sizes have been validated to, and there the validation losses (R,)
        of each. Batch sizes with a run that diverged are left out. (NaN, {}) as long as one of the others has fewer
        than two validations."""
        found = {b: self.evaluations(b) for b in self.whole_sizes}
        return at_equal(
            {b: self.x_of(axis, b, steps) for b, (steps, _, _) in found.items()},
            {b: losses for b, (_, losses, _) in found.items()},
        )

    def overfits(self) -> dict[int, Overfit]:
        """How far the validation loss of each batch size has risen from its lowest, by tokens; of those none of whose
        runs has diverged."""
        found = {b: self.evaluations(b) for b in self.whole_sizes}
        overfits = {b: overfit_of(self.x_of("tokens", b, steps), losses) for b, (steps, losses, _) in found.items()}
        return {b: overfit for b, overfit in overfits.items() if overfit}

    @property
    def total_tokens(self) -> int:
        """Of all runs together, when the race is over."""
        steps = sum(self.num_steps(b) * b for b in self.batch_sizes)
        return steps * self.spec.block_size * self.spec.train.num_seeds

    @property
    def begun(self) -> bool:
        return self.share > 0

    @property
    def doing(self) -> str:
        return "training"

    @property
    def share(self) -> float:
        """The share of all tokens that has been read, 0 to 1; runs that diverged count as read."""
        gone = {(each.batch_size, each.seed) for each in self.divergences}
        done = sum(
            (self.num_steps(b) if (b, seed) in gone else self.steps[b]) * b
            for b in self.batch_sizes
            for seed in self.spec.train.seeds
        )
        return done * self.spec.block_size / self.total_tokens


def run_losses(read: Read, spec: RaceSpec, batch_size: int, seed: int) -> np.ndarray:
    """Every loss of one run so far, not thinned: (steps,) float32, NaN once it has diverged. Reads all messages."""
    place = spec.train.seeds.index(seed)
    parts = [np.empty(0, np.float32)]
    for messages, _ in read_all(read, 0):
        mine = (m for m in messages if m["kind"] == Losses.kind and m["batch_size"] == batch_size)
        parts += [build(Losses, message).losses[:, place] for message in mine]
    return np.concatenate(parts)
