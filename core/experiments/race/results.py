"""What a race has found so far, for drawing. Shapes: R replicas (seeds)."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.experiments.codec import build
from core.experiments.messages import Message
from core.experiments.race.curve import long_table
from core.experiments.race.envelope import ALL_COLUMNS, MOST_COLUMNS, Columns, Envelope
from core.experiments.race.messages import (
    Diverged,
    Losses,
    Noise,
    Started,
    StepTime,
    Summary,
    Validation,
    Written,
)
from core.experiments.race.spec import RaceSpec
from core.experiments.results import Read, Results, read_all
from core.measure.comparison import Overfit, at_equal, mean_and_half_width, overfit_of
from core.training import ExecutionPlan


class RaceResults(Results):
    """All that is known of one race, for drawing.

    half_life_tokens: an exponential average over the training losses before they are drawn; 0 is none.
    """

    spec: RaceSpec
    started: Started | None

    def __init__(self, spec: RaceSpec, half_life_tokens: int = 0):
        super().__init__(spec)
        self.half_life_tokens = half_life_tokens
        plan = spec.train
        self.batch_sizes = tuple(sorted(plan.batch_sizes))
        most = min(MOST_COLUMNS, ALL_COLUMNS // len(self.batch_sizes))
        self.envelopes = {b: Envelope(self.num_steps(b), plan.num_seeds, most) for b in self.batch_sizes}
        self.smooth_state: dict[int, np.ndarray] = {}
        self.steps = dict.fromkeys(self.batch_sizes, 0)  # done so far, by the run that has done most
        self.steps_of_runs = {b: np.zeros(plan.num_seeds, int) for b in self.batch_sizes}  # (R,) each
        self.validation: dict[int, list[Validation]] = {b: [] for b in self.batch_sizes}
        self.noise: dict[int, Noise] = {}
        self.step_seconds: dict[int, float] = {}
        self.probes: dict[int, tuple[float, ...]] = {}  # of the seconds of a step
        self.texts: dict[int, list[Written]] = {b: [] for b in self.batch_sizes}
        self.divergences: list[Diverged] = []
        self.summaries: dict[tuple[int, int], Summary] = {}  # by batch size and seed, of runs that have ended

    def take_own(self, message: Message) -> None:
        match message:
            case Losses():
                self._take_losses(message.batch_size, message.step, message.losses.astype(float))
            case Validation():
                self._take_validation(message)
            case Noise() if message.resolved:
                self.noise[message.batch_size] = message
            case StepTime():
                self.step_seconds[message.batch_size] = message.step_seconds or np.nan  # 0: too short for the clock
                self.probes[message.batch_size] = message.known_probes
            case Written():
                self.texts[message.batch_size].append(message)
            case Diverged():
                self.divergences.append(message)
            case Summary():
                self.summaries[message.batch_size, message.seed] = message

    def _take_losses(self, batch_size: int, first_step: int, losses: np.ndarray) -> None:
        if self.half_life_tokens:
            losses = self._smooth(batch_size, losses)
        self.envelopes[batch_size].add(first_step, losses)
        self.steps[batch_size] = max(self.steps[batch_size], first_step + len(losses) - 1)
        self.steps_of_runs[batch_size] = self.steps_of_runs[batch_size] + np.isfinite(losses).sum(axis=0)

    def _take_validation(self, message: Validation) -> None:
        """A row a step, for the runs of all turns."""
        rows = self.validation[message.batch_size]
        place = next((place for place, row in enumerate(rows) if row.step == message.step), None)
        if place is None:
            rows.append(message)
        else:
            rows[place] = rows[place].and_of(message)

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

    def training_columns(self, axis: str, batch_size: int, seed: int | None = None) -> Columns:
        """x (of the axis: where a column of steps ends), low, high, mean, (C,) each, of one run or of all together.
        Empty for seconds as long as no step has been timed."""
        runs = slice(None) if seed is None else slice(place := self.spec.train.seeds.index(seed), place + 1)
        columns = self.envelopes[batch_size].columns(runs)
        x = self.x_of(axis, batch_size, columns.pop("stop"))
        return {"x": x} | columns if np.isfinite(x).all() else {name: x[:0] for name in ("x", *columns)}

    def column_at(self, axis: str, batch_size: int, x: float) -> tuple[int, int]:
        """(after, upto): the steps of the column that was drawn at x, those after the one up to the other."""
        step = round(float(x / self.x_of(axis, batch_size, np.array(1))))
        width, most = self.envelopes[batch_size].width, self.num_steps(batch_size)
        after = (min(max(step, 1), most) - 1) // width * width
        return after, min(after + width, most)

    def last_loss(self, batch_size: int, seed: int) -> float:
        """The running mean of a run's losses where it stands; NaN before its first."""
        mean = self.training_columns("steps", batch_size, seed)["mean"]
        return float(mean[-1]) if len(mean) else math.nan

    def too_few_steps(self, batch_size: int) -> bool:
        """Whether all of its steps are done, and too few to tell how noisy they are."""
        return self.steps[batch_size] >= self.num_steps(batch_size) and batch_size not in self.noise

    def validation_tables(self, axis: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(lines, mean): a row a validation; x, loss, batch_size, seed, and x, mean, low, high, batch_size: the mean of
        the seeds and its 95% t interval."""
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
    def tokens_read(self) -> int:
        """By all runs together so far; one that diverged has read what came before."""
        ended = {(each.batch_size, each.seed): each.step for each in self.divergences}
        done = {
            (b, seed): int(steps)
            for b in self.batch_sizes
            for seed, steps in zip(self.spec.train.seeds, self.steps_of_runs[b], strict=True)
        }
        return self.spec.block_size * sum(b * steps for (b, _), steps in (done | ended).items())

    @property
    def share(self) -> float:
        """The share of all tokens that has been read, 0 to 1; what runs that diverged will not read counts too."""
        missing = sum((self.num_steps(gone.batch_size) - gone.step) * gone.batch_size for gone in self.divergences)
        return (self.tokens_read + missing * self.spec.block_size) / self.total_tokens


def losses_of(read: Read, batch_size: int, **of: str) -> Iterator[Losses]:
    """The messages with the losses of one batch size, in their order; `of` has what else they must be of, as an order.
    Reads all messages."""
    wanted = {"kind": Losses.kind, "batch_size": batch_size} | of
    for messages, _ in read_all(read, 0):
        for message in messages:
            if wanted.items() <= message.items():
                yield build(Losses, message)


def run_losses(read: Read, spec: RaceSpec, batch_size: int, seed: int) -> np.ndarray:
    """Every loss of one run so far, not thinned: (steps,) float32, NaN once it has diverged. Reads all messages."""
    place = spec.train.seeds.index(seed)
    found = np.full(spec.train.num_steps(batch_size, spec.block_size), np.nan, np.float32)
    last = 0
    for message in losses_of(read, batch_size):
        losses = message.losses[:, place]
        steps = slice(message.step - 1, message.step - 1 + len(losses))
        found[steps] = np.where(np.isfinite(losses), losses, found[steps])
        last = max(last, steps.stop)
    return found[:last]


def nearest_step(losses: np.ndarray, after: int, upto: int, loss: float) -> int | None:
    """Of the steps after `after`, up to `upto`, the one whose loss is nearest to `loss`; None where none has a loss.
    From the losses (steps,) of a run.

    >>> nearest_step(np.array([3.0, 2.0, 2.5, 4.0]), after=1, upto=3, loss=2.4)
    3
    """
    distances = np.abs(losses[after:upto] - loss)
    return after + 1 + int(np.nanargmin(distances)) if np.isfinite(distances).any() else None
