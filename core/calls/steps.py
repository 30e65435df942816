"""One run of a race at any of its steps, as short calls to a worker.

Weights are not recorded: they are a function of the settings, the seed and the number of steps done, so a run is
trained again up to the step that is asked for, with the same runs beside it as in its race; on the same machine the
same numbers come out, bit for bit on a CPU. What has been trained stays in this worker for a while, so going on from
there, or a little back, takes no time; another worker, or this one after a restart, trains again.

`reach` gets there in slices of some tenths of a second, for a page that shows how far it is. The others look, and
change nothing.
"""

import inspect
import time
from collections import OrderedDict
from dataclasses import replace
from textwrap import dedent

import numpy as np
import torch
from torch import Tensor

from core.batches import WindowStream, make_batch, split
from core.engine import Training, find_device
from core.engine.devices import LEFT_TO_VIEWERS, use_cores
from core.experiments.race.spec import RaceSpec, RunSpec, check_memory
from core.measure.accumulation import measure_accumulation
from core.measure.gradients import measure_gradients
from core.measure.memory import Machine, tensor_bytes
from core.measure.predictions import predict, prefix_losses
from core.measure.reports import AccumulationReport, GradientReport, OneByOne, Predictions, UpdateReport
from core.measure.throughput import one_by_one
from core.measure.updates import measure_update
from core.model import GPT, ReplicaStack
from core.settings.limits import allowed_flops
from core.strategies import target_lengths
from core.training import TrainConfig, Trainer, losses_of, token_losses

SLICE_SECONDS = 0.3  # then the page hears how far it is: a bar within half a second
MAX_BYTES = 2**30  # of one run: training, and two more copies of its state
KEPT_BYTES = 2**30  # of the runs that this worker keeps
STATE_BYTES, MAX_STATES = 2**26, 12  # of a run's kept states
MAX_STEP_FLOPS, MAX_REPLAY_FLOPS = 6e10, 3e12  # some seconds, some minutes, of a core
MAX_CELLS = 4096  # positions that are sent to be drawn
SPREAD_BATCHES, MAX_SPREAD_WINDOWS = 64, 4096  # whose losses tell how noisy a log is
MAX_POSITIONS = 64  # taken one by one


def plan_of(spec: RunSpec) -> TrainConfig:
    """The plan of those runs of a race that share one replica axis with this one, executed as the race was. Where that
    is not known, the run is by itself, its batch in one go."""
    plan = replace(spec.race.train, batch_sizes=(spec.batch_size,))
    execution = plan.execution_at(spec.batch_size)
    if execution is None:
        return replace(plan, num_seeds=1, first_seed=spec.seed).unsplit()
    plan = plan.turn_of(spec.seed)
    first = spec.seed - (spec.seed - plan.first_seed) % execution.seeds_at_once
    num_seeds = min(execution.seeds_at_once, plan.seeds.stop - first)
    return replace(plan, num_seeds=num_seeds, first_seed=first).with_executions([execution])


class Run:
    """A run that can be taken to any step, forward and back."""

    def __init__(self, spec: RunSpec):
        corpus, gpt_config = spec.race.build()
        plan = plan_of(spec)
        num_weights = gpt_config.num_parameters * plan.num_seeds
        state_bytes = 3 * 4 * num_weights  # weights and AdamW's two moments, float32
        self.device = find_device(plan.device).type
        machine = Machine(devices={self.device: MAX_BYTES})
        step_bytes = tensor_bytes(gpt_config, plan, machine)
        check_memory("A step of this run", step_bytes + 2 * state_bytes, MAX_BYTES)
        self.step_flops = 6 * num_weights * spec.batch_size * spec.race.block_size
        if self.step_flops > allowed_flops(MAX_STEP_FLOPS, self.device):
            raise ValueError(
                f"A step of {spec.batch_size:,} windows of {spec.race.block_size} tokens through "
                f"{gpt_config.num_parameters:,} parameters takes too long to be looked into while you wait: choose a "
                "smaller B, T or model."
            )
        self.batch_size, self.seed = spec.batch_size, spec.seed
        self.training = Training(corpus.train_ids, corpus.val_ids, gpt_config, plan)
        (self.group,) = self.training.groups
        self.place = self.training.config.seeds.index(spec.seed)
        self.max_states = min(MAX_STATES, max(2, STATE_BYTES // state_bytes))
        self.num_bytes = (1 + self.max_states) * state_bytes + 16 * len(corpus.train_ids) + len(corpus.text)
        if self.device == "cuda":
            self.num_bytes += step_bytes  # which its captured graph keeps
        self.states: OrderedDict[int, tuple] = OrderedDict()  # by steps done; the one used longest ago comes first
        self.keep()

    def reach(self, steps_done: int, seconds: float = float("inf")) -> int:
        """Go to where so many steps are done, or as near as the time allows. Returns how many are done now."""
        until = time.monotonic() + seconds
        self.refuse_diverged(steps_done)
        replay_flops = allowed_flops(MAX_REPLAY_FLOPS, self.device)
        if steps_done * self.step_flops > replay_flops:
            raise ValueError(
                f"Training this run again up to step {steps_done + 1:,} takes too long to wait for here: choose an "
                f"earlier step, up to {int(replay_flops // self.step_flops):,}."
            )
        if self.group.step == steps_done:
            return steps_done
        nearest = max(s for s in self.states if s <= steps_done)  # the beginning, at least
        if self.group.step > steps_done or nearest > self.group.step:
            self.states.move_to_end(nearest)
            self.group.load(self.states[nearest])
        kept_at = time.monotonic()
        while self.group.step < steps_done:
            self.training.advance(self.batch_size, min(self.group.block_steps, steps_done - self.group.step))
            self.refuse_diverged(steps_done)
            if time.monotonic() > until:
                break
            if time.monotonic() > kept_at + SLICE_SECONDS:
                self.keep()
                kept_at = time.monotonic()
        self.keep()
        return self.group.step

    def refuse_diverged(self, step: int) -> None:
        """Raises ValueError where this run has diverged at that step or before: there is nothing left to be read."""
        diverged_at = self.group.diverged.get(self.place)
        if diverged_at is not None and diverged_at <= step:
            raise ValueError(
                f"This run diverged at step {diverged_at:,}: look at an earlier step, or "
                "choose a smaller learning rate."
            )

    def check_loss(self, step: int) -> None:
        """Raises ValueError where the run, at the beginning of that step, is about to diverge in it."""
        windows = self.windows(step)
        with torch.no_grad():
            x, y = split(windows)
            loss = token_losses(self.model(x), y).mean()
        if not loss <= self.training.loss_bound:
            self.group.diverged[self.place] = step
        self.refuse_diverged(step)

    def keep(self) -> None:
        self.states[self.group.step] = self.group.state()
        self.states.move_to_end(self.group.step)
        while len(self.states) > self.max_states:
            del self.states[next(s for s in self.states if s)]  # the beginning stays: all can be reached from there

    def windows(self, step: int) -> Tensor:
        """What step 1, 2, ... reads: (B, T + 1)."""
        starts = self.training.starts(self.group, step - 1, 1)[self.place, 0]  # (B,)
        return self.training.windows[starts]

    @property
    def model(self) -> GPT:
        return self.training.model(self.batch_size, self.seed)

    @property
    def trainer(self) -> Trainer:
        """Of a run that shares nothing with other seeds."""
        (trainer,) = self.group.pool.trainers
        assert trainer.stack.num_replicas == 1
        return trainer


_runs: OrderedDict[RunSpec, Run] = OrderedDict()


def run_of(spec: RunSpec) -> Run:
    """The run as this worker has it, or from its beginning. Raises ValueError, with a sentence, if it cannot be."""
    use_cores(leave=LEFT_TO_VIEWERS)
    if spec not in _runs:
        _runs[spec] = Run(spec)
        while len(_runs) > 1 and sum(run.num_bytes for run in _runs.values()) > KEPT_BYTES:
            _runs.popitem(last=False)
    _runs.move_to_end(spec)
    return _runs[spec]


def run_before(spec: RunSpec, step: int) -> Run:
    """The run with the weights that step 1, 2, ... starts from."""
    run = run_of(spec)
    run.reach(step - 1)
    return run


# ---- what a page asks for


def warm_up() -> None:
    """Take the smallest step once: what torch puts off until first use should not be put off until the first click."""
    plan = TrainConfig(batch_sizes=(1,), num_seeds=1, max_tokens=60, device="auto")
    run = Run(RunSpec(race=RaceSpec(text="ab" * 20, block_size=2, train=plan), batch_size=1, seed=0))
    predict(run.model, run.windows(1), MAX_CELLS)
    run.reach(1)


def reach(spec: RunSpec, step: int) -> int:
    """Train towards the beginning of a step for a moment. Returns the step at whose beginning the run now is.
    Raises ValueError, with a sentence, for a run that has diverged by then, or does in that step."""
    run = run_of(spec)
    at = run.reach(step - 1, SLICE_SECONDS) + 1
    if at == step:
        run.check_loss(step)
    return at


def predictions(spec: RunSpec, step: int) -> Predictions:
    run = run_before(spec, step)
    return predict(run.model, run.windows(step), MAX_CELLS)


def losses_by_position(spec: RunSpec, step: int, row: int) -> np.ndarray:
    """The losses of a row's first positions, each taken by itself: (at most 64,)."""
    run = run_before(spec, step)
    return prefix_losses(run.model, run.windows(step)[row], min(MAX_POSITIONS, spec.race.block_size))


def gradients(spec: RunSpec, step: int) -> GradientReport:
    run = run_before(spec, step)
    return measure_gradients(run.trainer.stack, run.windows(step))


def update(spec: RunSpec, step: int, sgd_rate: float) -> UpdateReport:
    run = run_before(spec, step)
    return measure_update(run.trainer, run.windows(step), run.windows(step + 1), sgd_rate)


def cost_one_by_one(spec: RunSpec, step: int) -> OneByOne:
    run = run_before(spec, step)
    return one_by_one(run.trainer.stack, run.windows(step))


def accumulation(spec: RunSpec, step: int, micro_batch_size: int, targets: str) -> AccumulationReport:
    """The batch of this step in micro-batches; `targets` is one of core.strategies.TARGETS."""
    run = run_before(spec, step)
    B, T = spec.batch_size, spec.race.block_size
    first, many = (step - 1) * B, min(SPREAD_BATCHES, max(2, MAX_SPREAD_WINDOWS // B))
    lengths = torch.from_numpy(target_lengths(targets, spec.seed, first, (1 + many) * B, T)).to(run.training.device)
    windows = torch.cat([run.windows(step + number) for number in range(1 + many)])
    return measure_accumulation(run.trainer, windows[:B], lengths[:B], micro_batch_size, windows[B:], lengths[B:])


def sources() -> list[list[tuple[str, str]]]:
    """For each of the five stages of a step: (name, source) of the functions that do it."""
    stages = (
        (WindowStream.starts, make_batch, split),
        (GPT.forward,),
        (token_losses, losses_of),
        (ReplicaStack.flat_gradient,),
        (Trainer.update, Trainer.step),
    )
    return [[(f.__qualname__, dedent(inspect.getsource(f))) for f in stage] for stage in stages]
