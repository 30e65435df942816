"""The loop over many runs: every batch size with every seed, all of them moving on together.

The race is run in blocks of steps. The batch size that has read the fewest tokens goes next, so at any moment all of
them have read about the same. Losses stay on the device until a block is done. It yields what happened and estimates
nothing: that is `core/measure`.

Shapes: R replicas (seeds), B batch, T time, N tokens of text.
"""

import bisect
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from core.batches import WindowStream, all_windows, spread_starts
from core.engine.autotune import autotune, first_model, trainer_pool
from core.engine.cuda_graph import captured_step
from core.engine.devices import find_device
from core.engine.pool import TrainerPool
from core.engine.trainer import CapturedTrainer
from core.model import GPT, GPTConfig
from core.training.config import ExecutionPlan, TrainConfig
from core.training.state import State
from core.training.trainer import Trainer

# floating-point operations and steps of a block at most: it should take a tenth of a second or two, for pause and stop
# wait for its end, and a GPU for its losses to be read and the next one's windows to be sent
USUAL_BLOCK, BLOCK_ON_CUDA = (4e9, 16), (2e11, 256)
CAPTURE_FOR = 64  # steps of a run, for which it pays on a CPU to note the operations of one


@dataclass(frozen=True)
class Block:
    """Some steps of all runs at one batch size."""

    batch_size: int
    first_step: int  # steps count from 1
    losses: np.ndarray  # (steps, R) float32, nats per token; NaN once a run has diverged
    seconds: float  # wall clock, all R runs together


@dataclass(frozen=True)
class Evaluation:
    """The validation losses of all runs at one batch size."""

    batch_size: int
    step: int  # done so far; 0 is before the first
    losses: np.ndarray  # (R,) float32, nats per token; NaN once a run has diverged
    train_losses: np.ndarray | None = None  # the same on fixed windows of the training part, where that was asked for


@dataclass(frozen=True)
class Divergence:
    """The end of a run that has diverged."""

    batch_size: int
    seed: int
    step: int


@dataclass
class Group:
    """All runs at one batch size."""

    batch_size: int
    execution: ExecutionPlan  # how many of them go together
    num_steps: int
    block_steps: int  # at most so many steps in a block
    eval_steps: list[int]  # steps after which it is validated, ascending, from 0 to num_steps
    pool: TrainerPool
    streams: list[WindowStream]  # one a seed
    step: int = 0
    evaluated: int = -1  # at which step last; -1 before the first
    diverged: dict[int, int] = field(default_factory=dict)  # by place of the seed, 0, ..., R - 1: at which step

    def state(self) -> tuple[int, list]:
        """A copy of where its runs stand; `load` takes them back there."""
        return self.step, [trainer.state() for trainer in self.pool.trainers]

    def load(self, state: tuple[int, list]) -> None:
        self.step, parts = state
        for trainer, part in zip(self.pool.trainers, parts, strict=True):
            trainer.load(part)

    def saved(self) -> State:
        """The same as plain arrays, and which runs have diverged; `restore` goes on from there."""
        step, parts = self.state()
        tensors = {f"{n}/{m}": tensor.cpu().numpy() for n, part in enumerate(parts) for m, tensor in enumerate(part)}
        return State.of(step=step, evaluated=self.evaluated, diverged=sorted(self.diverged.items()), **tensors)

    def restore(self, saved: State) -> None:
        """Raises KeyError or RuntimeError where it is another model's."""
        trainers = self.pool.trainers
        arrays = [[saved[f"{n}/{m}"] for m in range(len(each.changing))] for n, each in enumerate(trainers)]
        self.load((saved["step"], [tuple(map(torch.from_numpy, part)) for part in arrays]))
        self.evaluated, self.diverged = saved["evaluated"], dict(saved["diverged"])

    @property
    def finished(self) -> bool:
        return self.step == self.num_steps or len(self.diverged) == len(self.streams)

    @property
    def steps_to_evaluation(self) -> int:
        return self.eval_steps[bisect.bisect_right(self.eval_steps, self.step)] - self.step


class Training:
    """Every batch size of a race with every seed. `events()` trains; between two events `model()` gives a run's model.

    All runs of one seed start from the same weights and read the same stream of examples. Raises ValueError, with a
    sentence, where the text or the budget is too small.
    """

    def __init__(self, train_ids: np.ndarray, val_ids: np.ndarray, gpt_config: GPTConfig, config: TrainConfig):
        self.config = config
        self.gpt_config = gpt_config
        self.device = find_device(config.device)
        self.block_size = gpt_config.block_size
        streams = [  # these refuse a text that holds no window
            WindowStream(num_tokens=len(train_ids), block_size=self.block_size, order=config.order, seed=seed)
            for seed in config.seeds
        ]
        self.windows = all_windows(torch.from_numpy(train_ids).to(self.device), self.block_size)  # (N - T, T + 1)
        self.steps: dict[Trainer, Callable[[Tensor], Tensor]] = {}  # of trainers that have begun
        self.graph_pool = torch.cuda.graph_pool_handle() if self.device.type == "cuda" else None
        self.at_rest = True  # but between the events of one block: then it cannot be saved
        self.val_windows = self.train_windows = None  # (eval_windows, T + 1), fixed
        if len(val_ids) > self.block_size:
            starts = spread_starts(len(val_ids), self.block_size, config.eval_windows)
            self.val_windows = all_windows(torch.from_numpy(val_ids).to(self.device), self.block_size)[starts]
        if config.eval_train:
            self.train_windows = self.windows[spread_starts(len(train_ids), self.block_size, config.eval_windows)]
        # a loss far above a uniform guess's ln V: the run has diverged
        self.loss_bound = max(10.0, 3 * math.log(gpt_config.vocab_size))
        self.groups = [self._group(batch_size, streams) for batch_size in sorted(config.batch_sizes)]

    def _group(self, batch_size: int, streams: list[WindowStream]) -> Group:
        tokens = batch_size * self.block_size
        num_steps = self.config.num_steps(batch_size, self.block_size)
        execution = autotune(self.gpt_config, self.config, batch_size, self.device)
        step_flops = 6 * self.gpt_config.num_parameters * tokens * len(streams)  # of all runs
        block_flops, block_steps = BLOCK_ON_CUDA if self.device.type == "cuda" else USUAL_BLOCK
        return Group(
            batch_size=batch_size,
            execution=execution,
            num_steps=num_steps,
            eval_steps=self.config.eval_steps(batch_size, self.block_size),
            block_steps=int(min(max(block_flops // step_flops, 1), block_steps)),
            pool=trainer_pool(self.gpt_config, self.config, execution, self.device),
            streams=streams,
        )

    def first_model(self, seed: int) -> GPT:
        """The model that every batch size of this seed starts from."""
        return first_model(self.gpt_config, seed, self.device)

    @property
    def executions(self) -> tuple[ExecutionPlan, ...]:
        return tuple(group.execution for group in self.groups)

    def group(self, batch_size: int) -> Group:
        return next(g for g in self.groups if g.batch_size == batch_size)

    def model(self, batch_size: int, seed: int) -> GPT:
        """The model of one run as it is now, on the run's own weights: for reading."""
        group = self.group(batch_size)
        place = self.config.seeds.index(seed)
        stack, place = divmod(place, group.execution.seeds_at_once)
        stack = group.pool.trainers[stack].stack
        return stack.view(place) if stack.num_replicas > 1 else stack.model

    def events(self) -> Iterator[Block | Evaluation | Divergence]:
        """Train all runs to their end. Closing the iterator between two events stops the race there."""
        if self.device.type == "cuda":
            for group in reversed(self.groups):  # from the largest batch: in its graph's memory is room for the others'
                self._capture(group)
        for group in self.groups:
            yield from self._evaluate(group)
        while running := [g for g in self.groups if not g.finished]:
            group = min(running, key=lambda g: g.step * g.batch_size)
            *earlier, last = self._block(group, min(group.block_steps, group.steps_to_evaluation))
            self.at_rest = False
            yield from earlier
            self.at_rest = True
            yield last
            yield from self._evaluate(group)

    def saved(self) -> State:
        """Where all runs stand, once `at_rest`; `restore` goes on from there, and gives the same losses."""
        return State.of(**{str(group.batch_size): group.saved() for group in self.groups})

    def restore(self, saved: State) -> None:
        """Before `events`, which then go on. Raises KeyError or RuntimeError where that was of other runs."""
        for group in self.groups:
            group.restore(saved.part(str(group.batch_size)))

    def advance(self, batch_size: int, num_steps: int) -> None:
        """Train the runs at one batch size on by so many steps, without validating."""
        for _ in self._block(self.group(batch_size), num_steps):
            pass

    def starts(self, group: Group, steps_done: int, num_steps: int) -> Tensor:
        """Where the windows of the next steps begin in the text, for each seed: (R, num_steps, B)."""
        B = group.batch_size
        drawn = [stream.starts(first=steps_done * B, count=num_steps * B) for stream in group.streams]
        return torch.from_numpy(np.stack(drawn)).to(self.device).view(-1, num_steps, B)

    def _capture(self, group: Group) -> None:
        """Before the first step of these runs: note what a step does, where that makes it faster."""
        starts = self.starts(group, 0, 1)[:, 0]  # (R, B)
        if group.num_steps >= CAPTURE_FOR:
            group.pool.map(CapturedTrainer.capture, self.windows[starts].split(group.execution.seeds_at_once))
        for trainer, part in zip(group.pool.trainers, starts.split(group.execution.seeds_at_once), strict=True):
            self.steps[trainer] = captured_step(trainer, self.windows, part, self.graph_pool)

    def _block(self, group: Group, num_steps: int) -> Iterator[Block | Divergence]:
        began = time.perf_counter()
        B = group.batch_size
        if group.pool.trainers[0] not in self.steps:
            self._capture(group)
        starts = self.starts(group, group.step, num_steps).split(group.execution.seeds_at_once)  # (R, steps, B) in all
        block = torch.cat(group.pool.map(self._steps, starts), dim=1).cpu().numpy()  # the only wait for the device
        seconds = time.perf_counter() - began
        first_step = group.step + 1
        group.step += num_steps
        divergences = []
        for place, seed in enumerate(self.config.seeds):
            if place in group.diverged:
                block[:, place] = np.nan
            elif (gone := ~(block[:, place] <= self.loss_bound)).any():
                at = int(gone.argmax())
                block[at:, place] = np.nan
                group.diverged[place] = first_step + at
                divergences.append(Divergence(B, seed, first_step + at))
        yield Block(B, first_step, block, seconds)
        yield from divergences

    def _steps(self, trainer: CapturedTrainer, starts: Tensor) -> Tensor:
        """Train on the windows that begin at starts (R, steps, B). Returns the losses (steps, R)."""
        step = self.steps[trainer]
        return torch.stack([step(now) for now in starts.unbind(1)])

    def _evaluate(self, group: Group) -> Iterator[Evaluation]:
        """Where it is time to, and has not been done yet."""
        due = group.step in group.eval_steps and group.evaluated < group.step
        if self.val_windows is None or not due:
            return
        group.evaluated = group.step

        def losses_on(windows: Tensor) -> np.ndarray:  # (R,)
            losses = torch.cat(group.pool.map(lambda trainer: trainer.evaluate(windows))).cpu().numpy()
            losses[list(group.diverged)] = np.nan
            return losses

        train_losses = None if self.train_windows is None else losses_on(self.train_windows)
        yield Evaluation(group.batch_size, group.step, losses_on(self.val_windows), train_losses)
