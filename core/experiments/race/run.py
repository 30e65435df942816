"""A race as a stream of messages: training, and what is measured of it on the way. Runs in a worker, or in a shell."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from types import ModuleType

import numpy as np
import torch

from core.corpus import samples
from core.engine import Block, Divergence, Evaluation, Training
from core.experiments.kind import Keeper
from core.experiments.messages import Message
from core.experiments.race import messages
from core.experiments.race.messages import Noise, Started, StepTime, Summary, Written
from core.experiments.race.spec import RaceSpec
from core.measure.noise import LossNoise
from core.measure.throughput import step_seconds
from core.model import write
from core.training import ExecutionPlan, State, TrainConfig, set_state, state_of

TEXTS_PER_RUN = 5  # about so often a model writes
SPEED_PROBES = 4  # how often the time of a step is taken; the median counts
WRITTEN_TOKENS = 80


class Race:
    """A race that is going on. `events()` gives what training yields, and messages for what is measured of it."""

    def __init__(self, spec: RaceSpec, keeper: Keeper | None = None):
        self.spec, self.keeper = spec, keeper
        self.corpus, self.gpt_config = spec.build()
        saved = keeper.last() if keeper else None
        self.turn = saved["turn"] if saved else 0
        turn = spec.train.turns()[self.turn]
        self.training = self._training(turn.with_executions(plans_of(saved)) if saved else turn)
        num_seeds = spec.train.num_seeds
        self.noise = {g.batch_size: LossNoise(g.num_steps, num_seeds) for g in self.training.groups}
        self.val_losses = {g.batch_size: np.full(num_seeds, np.nan) for g in self.training.groups}
        self.steps_done = {g.batch_size: np.zeros(num_seeds, int) for g in self.training.groups}
        self.seconds: dict[int, list[float]] = {g.batch_size: [] for g in self.training.groups}
        if saved:
            self.restore(saved)

    def saved(self) -> State:
        """Where it stands, between two steps."""
        return State.of(
            turn=self.turn,
            executions=executions_of(self.training),
            training=self.training.saved(),
            seconds=sorted(self.seconds.items()),
            noise=by_size({b: state_of(noise) for b, noise in self.noise.items()}),
            val_losses=by_size(self.val_losses),
            steps_done=by_size(self.steps_done),
        )

    def restore(self, saved: State) -> None:
        self.training.restore(saved.part("training"))
        self.seconds = {batch_size: list(seconds) for batch_size, seconds in saved["seconds"]}
        for batch_size, noise in self.noise.items():
            set_state(noise, saved.part(f"noise/{batch_size}"))
            self.val_losses[batch_size] = saved[f"val_losses/{batch_size}"]
            self.steps_done[batch_size] = saved[f"steps_done/{batch_size}"]

    def _training(self, turn: TrainConfig) -> Training:
        return Training(self.corpus.train_ids, self.corpus.val_ids, self.gpt_config, turn)

    def events(self) -> Iterator[Block | Evaluation | Divergence | Message]:
        """Losses are of all R runs: NaN for those whose turn is another one."""
        yield self._started()
        yield from self._turn()
        for turn in self.spec.train.turns()[self.turn + 1 :]:
            self.turn += 1
            self.training = self._training(turn.with_executions(self.training.executions))
            for noise in self.noise.values():
                noise.restart()
            yield from self._turn()

    def _turn(self) -> Iterator[Block | Evaluation | Divergence | Message]:
        for event in self.training.events():
            event = self._of_all(event)
            yield event
            match event:
                case Block():
                    self.noise[event.batch_size].add(event.losses)
                    self.steps_done[event.batch_size] += np.isfinite(event.losses).sum(axis=0)
                case Evaluation():
                    known = np.isfinite(event.losses)
                    self.val_losses[event.batch_size][known] = event.losses[known]
                    yield from self._measure(event.batch_size, event.step)
                case Divergence():
                    self.val_losses[event.batch_size][self.spec.train.seeds.index(event.seed)] = np.nan
            if self.keeper and self.training.at_rest:
                self.keeper.offer(self.saved)
        for group in self.training.groups:
            yield from self._measure(group.batch_size, group.step, last=True)
            yield from self._summaries(group.batch_size)

    def _of_all(self, event: Block | Evaluation | Divergence) -> Block | Evaluation | Divergence:
        """What happened in a turn, among all R runs."""
        turn, num_seeds = self.training.config, self.spec.train.num_seeds
        if turn.num_seeds == num_seeds or isinstance(event, Divergence):
            return event
        before = turn.first_seed - self.spec.train.first_seed
        around = (before, num_seeds - before - turn.num_seeds)

        def of_all(losses: np.ndarray) -> np.ndarray:  # (..., R)
            return np.pad(losses, [(0, 0)] * (losses.ndim - 1) + [around], constant_values=np.nan)

        if isinstance(event, Evaluation) and event.train_losses is not None:
            event = replace(event, train_losses=of_all(event.train_losses))
        return replace(event, losses=of_all(event.losses))

    def _started(self) -> Started:
        return Started(
            device=str(self.training.device),
            vocab_size=self.gpt_config.vocab_size,
            num_parameters=self.gpt_config.num_parameters,
            train_tokens=len(self.corpus.train_ids),
            val_tokens=len(self.corpus.val_ids),
            val_floor=self._val_floor(),
            executions=tuple(self.training.executions),
        )

    def _val_floor(self) -> float | None:
        """The entropy rate is what to expect of an endless text. The validation windows are a few thousand tokens, that
        may be easier or harder: here is what the language itself pays for them."""
        sample = samples().get(self.spec.source)
        windows = self.training.val_windows
        if self.spec.floor_nats is None or windows is None or not (sample and sample.text == self.spec.text):
            return None
        language = sample.language
        if language is None:
            return None
        texts = [self.corpus.tokenizer.decode(window) for window in windows.cpu().numpy()]
        return float(np.mean([language.losses(text).mean() for text in texts]))

    def _measure(self, batch_size: int, step: int, last: bool = False) -> Iterator[Message]:
        """At a validation: the noise so far; and a few times in a race's first turn the time of a step alone, and a
        text of its first seed."""
        group = self.training.group(batch_size)
        at = {"batch_size": batch_size, "step": step}
        if estimate := self.noise[batch_size].pooled(self.spec.train.order == "sequential"):
            yield Noise.of(estimate, **at)
        if last or not step or self.spec.train.first_seed not in self.training.config.seeds:
            return
        number = group.eval_steps.index(step)
        if (number - 1) % max(1, len(group.eval_steps) // SPEED_PROBES) == 0:
            self.seconds[batch_size].append(
                step_seconds(self.gpt_config, self.spec.train, group.execution, self.training.device)
            )
            probes = tuple(self.seconds[batch_size])
            yield StepTime(batch_size=batch_size, step_seconds=float(np.median(probes)), probes=probes)
        if (number - 1) % max(1, len(group.eval_steps) // TEXTS_PER_RUN) == 0 or step == group.num_steps:
            yield Written(**at, text=self._write(batch_size))

    def _write(self, batch_size: int) -> str:
        prompt = torch.from_numpy(self.corpus.train_ids[:1]).to(self.training.device)
        model = self.training.model(batch_size, self.spec.train.first_seed)
        generator = torch.Generator().manual_seed(self.spec.train.first_seed)
        ids = write(model, prompt, WRITTEN_TOKENS, generator).cpu().numpy()
        return self.corpus.tokenizer.decode(ids)

    def _summaries(self, batch_size: int) -> Iterator[Message]:
        tokens = batch_size * self.gpt_config.block_size
        seconds = self.seconds[batch_size]
        for seed in self.training.config.seeds:
            place = self.spec.train.seeds.index(seed)
            noise = self.noise[batch_size].of_run(place)
            yield Summary(
                batch_size=batch_size,
                seed=seed,
                steps=int(self.steps_done[batch_size][place]),
                final_val_loss=finite(self.val_losses[batch_size][place]),
                loss_noise=noise.value if noise else None,
                tokens_per_second=tokens / float(np.median(seconds)) if seconds else None,
            )


def executions_of(training: Training) -> list[dict]:
    """How its runs are executed, as a state has it; `plans_of` reads it."""
    return [asdict(plan) for plan in training.executions]


def plans_of(saved: State) -> Iterator[ExecutionPlan]:
    return (ExecutionPlan(**values) for values in saved["executions"])


def by_size(parts: dict) -> State:
    return State.of(**{str(batch_size): part for batch_size, part in parts.items()})


def run(spec: RaceSpec, keeper: Keeper | None = None) -> Iterator[Message]:
    """A race from start to end, or from where it was kept."""
    for event in Race(spec, keeper).events():
        yield event if isinstance(event, Message) else as_message(event)


def as_message(event: Block | Evaluation | Divergence, types: ModuleType = messages, **at) -> Message:
    """What training yields as a message of those `types`; `at` has the fields that theirs have besides."""
    match event:
        case Block(batch_size=batch_size, first_step=step, losses=losses):
            data = losses.astype(np.float32).tobytes()
            return types.Losses(batch_size=batch_size, step=step, num_runs=losses.shape[1], data=data, **at)
        case Evaluation(batch_size=batch_size, step=step, losses=losses, train_losses=train_losses):
            trained = None if train_losses is None else tuple(map(finite, train_losses))
            losses = tuple(map(finite, losses))
            return types.Validation(batch_size=batch_size, step=step, losses=losses, train_losses=trained, **at)
    return types.Diverged(**asdict(event), **at)


def event_of(message: messages.Losses | messages.Validation | messages.Diverged) -> Block | Evaluation | Divergence:
    """What training yielded, from its message; the seconds are not kept."""
    match message:
        case messages.Losses(batch_size=batch_size, step=step):
            return Block(batch_size, step, message.losses, np.nan)
        case messages.Validation(batch_size=batch_size, step=step, losses=losses):
            return Evaluation(batch_size, step, np.array(losses, dtype=float))
    return Divergence(message.batch_size, message.seed, message.step)


def finite(value) -> float | None:
    return float(value) if np.isfinite(value) else None
