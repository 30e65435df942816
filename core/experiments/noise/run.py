"""The noise of batches at frozen weights as a stream of messages. Runs in a worker, or in a shell.

One small GPT is trained; at some of its steps the weights are frozen, and batches of many sizes are drawn.
"""

import math
import time
from collections.abc import Iterator

import numpy as np
import torch

from core.batches import all_windows
from core.engine import Training
from core.experiments.messages import Message, Progress
from core.experiments.noise import messages
from core.experiments.noise.spec import NoiseSpec
from core.measure.batch_noise import Population
from core.measure.intervals import FEWEST_DOF, Kurtosis, Spread, slope_of, spread_of
from core.measure.noise_scale import noise_scale

MAX_WINDOWS = 16_384  # of the text; a longer one is represented by as many, evenly spread
LOSS_BATCHES = 10  # times as many batches for the loss, which cost nothing once every window's loss is known
EXAMPLE_BATCHES, EXAMPLE_BATCH = 50, 32  # whose gradients are taken one by one, for the noise scale
KEPT_BATCHES = 100  # of one size, that are sent to be drawn
PROGRESS_SECONDS = 0.5


class NoiseRun:
    """A model on its way through the steps, and what is measured of it at each."""

    def __init__(self, spec: NoiseSpec):
        self.spec = spec
        corpus, self.gpt_config = spec.race.build()
        self.training = Training(corpus.train_ids, corpus.val_ids, self.gpt_config, spec.race.train)
        (self.group,) = self.training.groups
        T = self.gpt_config.block_size
        blocks = all_windows(torch.from_numpy(corpus.train_ids).to(self.training.device), T)[::T]  # (D, T + 1)
        self.all_windows = len(blocks) <= MAX_WINDOWS
        if not self.all_windows:
            blocks = blocks[np.linspace(0, len(blocks) - 1, MAX_WINDOWS).astype(np.int64)]
        if (blocks == blocks[0]).all():
            raise ValueError("All windows of this text are alike, so there is no noise to measure: take another text.")
        self.windows = blocks.contiguous()
        self.work_done, self.reported_at = 0.0, time.monotonic()
        self.work = self._work()

    def _work(self) -> float:
        """What all will take, about, in windows that go forward and back."""
        spec, D = self.spec, len(self.windows)
        batches = sum(spec.num_batches * (b + 4) for b in spec.batch_sizes)  # +4: what a pass takes at any size
        each = D / 3 + D + 2 * EXAMPLE_BATCHES * EXAMPLE_BATCH + batches
        return each * len(spec.steps) + max(spec.steps) * self.group.batch_size

    def messages(self) -> Iterator[Message]:
        yield messages.Started(
            device=str(self.training.device),
            vocab_size=self.gpt_config.vocab_size,
            num_parameters=self.gpt_config.num_parameters,
            num_windows=len(self.windows),
            all_windows=self.all_windows,
            gradient_batches=self.spec.num_batches,
            loss_batches=LOSS_BATCHES * self.spec.num_batches,
        )
        for step in self.spec.steps:
            yield from self._pass(
                self._train(step), (step - self.group.step) * self.group.batch_size, f"training up to step {step:,}"
            )
            if self.group.diverged:
                raise ValueError(
                    f"The run diverged at step {self.group.diverged[0]:,}: choose a smaller learning rate."
                )
            yield from self._measure(step)

    def _train(self, step: int) -> Iterator[float]:
        began, group = self.group.step, self.group
        while group.step < step and not group.diverged:
            self.training.advance(group.batch_size, min(group.block_steps, step - group.step))
            yield (group.step - began) / (step - began)

    def _measure(self, step: int) -> Iterator[Message]:
        spec, D = self.spec, len(self.windows)
        population = Population(self.group.pool.trainers[0].stack, self.windows)
        rng = np.random.default_rng([spec.race.train.first_seed, step])
        yield from self._pass(population.take_losses(), D / 3, "the loss of every window")
        drawn = {b: population.draw(rng, LOSS_BATCHES * spec.num_batches, b) for b in spec.batch_sizes}
        yield from self._measure_losses(step, population, drawn, rng)
        yield from self._pass(population.take_gradient(), D, "the gradient of the whole text")
        yield from self._measure_gradients(step, population, drawn, rng)

    def _measure_losses(
        self, step: int, population: Population, drawn: dict[int, np.ndarray], rng: np.random.Generator
    ) -> Iterator[Message]:
        spec, D = self.spec, len(self.windows)
        loss, losses = population.losses.mean(), population.losses
        whole = {"loss": float(loss), "sigma": float(losses.std()), "design_effect": population.design_effect}
        yield messages.WholeText(step=step, **whole)
        kurtosis = Kurtosis.of_numbers(losses)
        means = {b: losses[places].mean(axis=1) for b, places in drawn.items()}
        spreads = {b: spread_of((m - loss) ** 2, kurtosis.dof(len(m), b), loss) for b, m in means.items()}
        for b, spread in spreads.items():
            yield messages.BatchSpread.of(spread, step=step, quantity="loss", batch_size=b)
        yield from self._slope(step, "loss", spreads)
        for b, mean in means.items():
            yield messages.BatchLosses(step=step, batch_size=b, data=as_bytes(mean))
        for b in (b for b in spec.batch_sizes if b < D):
            places = population.draw(rng, LOSS_BATCHES * spec.num_batches, b, replacement=False)
            spread = spread_of((losses[places].mean(axis=1) - loss) ** 2, kurtosis.dof(len(places), b), loss)
            yield messages.DistinctSpread.of(spread, step=step, quantity="loss", batch_size=b)

    def _measure_gradients(
        self, step: int, population: Population, drawn: dict[int, np.ndarray], rng: np.random.Generator
    ) -> Iterator[Message]:
        spec = self.spec
        examples = population.draw(rng, EXAMPLE_BATCHES, EXAMPLE_BATCH)
        work = 2 * examples.size
        taken = yield from self._pass(population.take_examples(examples), work, "gradients window by window")
        # rare windows that make the noise may be missing here; the losses are those of all windows, and have them
        examples_dof = Kurtosis.of_numbers(population.losses).dof(examples.size, 1)
        scale = noise_scale(taken.grad_sq_norms, taken.trace_covs, examples_dof)
        of_whole = population.gradient.square().sum().item()
        yield messages.NoiseScale.of(scale, step=step, whole_grad_sq_norm=of_whole)
        spreads = {}
        for b in spec.batch_sizes:
            places = drawn[b][: spec.num_batches]
            work = spec.num_batches * (b + 4)
            batches = yield from self._pass(population.take_batches(places), work, f"gradients of batches of {b:,}")
            dof = taken.kurtosis.dof(len(places), b) if examples_dof >= FEWEST_DOF else examples_dof
            spreads[b] = spread_of(batches.squares, dof, of_whole**0.5)
            data = as_bytes(np.stack([batches.norms, batches.cosines], axis=1))
            yield messages.BatchGradients(step=step, batch_size=b, data=data)
            yield messages.BatchSpread.of(spreads[b], step=step, quantity="gradient", batch_size=b)
        yield from self._slope(step, "gradient", spreads)

    def _slope(self, step: int, quantity: str, spreads: dict[int, Spread]) -> Iterator[Message]:
        if len(spreads) > 1:
            slope = slope_of(list(spreads), list(spreads.values()))
            doubts = [spread.unresolved for spread in spreads.values() if spread.unresolved]
            why = doubts[0] if math.isnan(slope.value) else ""
            yield messages.Slope.of(slope, step=step, quantity=quantity, unresolved=why)

    def _pass(self, shares: Iterator, work: float, doing: str):
        """Go through a pass, saying about twice a second how far all is. Returns what the pass has found."""
        found = None
        for share in shares:
            if isinstance(share, tuple):
                share, found = share
            if time.monotonic() > self.reported_at + PROGRESS_SECONDS:
                self.reported_at = time.monotonic()
                done = min(1.0, (self.work_done + share * work) / self.work)
                yield Progress(done, doing)
        self.work_done += work
        return found


def as_bytes(values: np.ndarray) -> bytes:
    """The first of them, as many as are drawn."""
    return values[:KEPT_BATCHES].astype(np.float32).tobytes()


def run(spec: NoiseSpec) -> Iterator[Message]:
    return NoiseRun(spec).messages()
