"""A race as a row of messages: training, and what is measured of it on the way. Runs in a worker, or in a shell.

`run` gives plain dictionaries, so that they can travel and be kept:

    {"kind": "started", "device", "vocab_size", "num_parameters", "train_tokens", "val_tokens", "executions",
     "val_floor"}                                               of a made-up language: the loss, on the validation
                                                                windows, of one who knows it; otherwise None
    {"kind": "losses", "batch_size", "step", "num_runs", "data"}    data: float32 bytes of (steps, R), nats per token;
                                                                    step: the first of them
    {"kind": "eval", "batch_size", "step", "losses", "train_losses"}    R validation losses, None once diverged; the
                                                                    last, if asked for, on windows that are trained on
    {"kind": "noise", "batch_size", "step", "sigma", "low", "high", "lag1", "num_differences", "fall"}  all runs pooled
    {"kind": "speed", "batch_size", "step_seconds", "probes"}       one run alone: the median of its probes
    {"kind": "text", "batch_size", "step", "text"}                  what the first seed's model writes
    {"kind": "diverged", "batch_size", "seed", "step"}
    {"kind": "summary", "batch_size", "seed", "steps", "final_val_loss", "loss_noise", "tokens_per_second"}
"""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch

from core.corpus import samples
from core.engine import Block, Divergence, Evaluation, Training
from core.experiments.race.spec import RaceSpec
from core.measure.noise import LossNoise
from core.measure.throughput import step_seconds
from core.model import write

TEXTS_PER_RUN = 5  # about so often a model writes
SPEED_PROBES = 4  # how often the time of a step is taken; the median counts
WRITTEN_TOKENS = 80


class Race:
    """A race that is going on. `events()` gives what training yields, and messages for what is measured of it."""

    def __init__(self, spec: RaceSpec):
        self.spec = spec
        self.corpus, self.gpt_config = spec.build()
        self.training = Training(self.corpus.train_ids, self.corpus.val_ids, self.gpt_config, spec.train)
        num_seeds = spec.train.num_seeds
        self.noise = {g.batch_size: LossNoise(g.num_steps, num_seeds) for g in self.training.groups}
        self.val_losses = {g.batch_size: np.full(num_seeds, np.nan) for g in self.training.groups}
        self.steps_done = {g.batch_size: np.zeros(num_seeds, int) for g in self.training.groups}
        self.seconds: dict[int, list[float]] = {g.batch_size: [] for g in self.training.groups}

    def events(self) -> Iterator[Block | Evaluation | Divergence | dict]:
        yield self._started()
        for event in self.training.events():
            yield event
            match event:
                case Block():
                    self.noise[event.batch_size].add(event.losses)
                    self.steps_done[event.batch_size] += np.isfinite(event.losses).sum(axis=0)
                case Evaluation():
                    self.val_losses[event.batch_size] = event.losses.copy()
                    yield from self._measure(event.batch_size, event.step)
                case Divergence():
                    self.val_losses[event.batch_size][self.spec.train.seeds.index(event.seed)] = np.nan
        for group in self.training.groups:
            yield from self._measure(group.batch_size, group.step, last=True)
            yield from self._summaries(group.batch_size)

    def _started(self) -> dict:
        return {
            "kind": "started",
            "device": str(self.training.device),
            "vocab_size": self.gpt_config.vocab_size,
            "num_parameters": self.gpt_config.num_parameters,
            "train_tokens": len(self.corpus.train_ids),
            "val_tokens": len(self.corpus.val_ids),
            "val_floor": self._val_floor(),
            "executions": [asdict(execution) for execution in self.training.executions],
        }

    def _val_floor(self) -> float | None:
        """The entropy rate is what to expect of an endless text. The validation windows are a few thousand tokens, that
        may be easier or harder: here is what the language itself pays for them."""
        sample = samples().get(self.spec.source)
        windows = self.training.val_windows
        if self.spec.floor_nats is None or windows is None or not (sample and sample.text == self.spec.text):
            return None
        texts = [self.corpus.tokenizer.decode(window) for window in windows.cpu().numpy()]
        return float(np.mean([sample.language.losses(text).mean() for text in texts]))

    def _measure(self, batch_size: int, step: int, last: bool = False) -> Iterator[dict]:
        """At a validation: the noise so far; and a few times in a race the time of a step alone, and a text."""
        group = self.training.group(batch_size)
        at = {"batch_size": batch_size, "step": step}
        if estimate := self.noise[batch_size].pooled(self.spec.train.order == "sequential"):
            yield {"kind": "noise", **at, **asdict(estimate)}
        if last or not step:
            return
        number = group.eval_steps.index(step)
        if (number - 1) % max(1, len(group.eval_steps) // SPEED_PROBES) == 0:
            self.seconds[batch_size].append(
                step_seconds(self.gpt_config, self.spec.train, group.execution, self.training.device)
            )
            yield {
                "kind": "speed",
                "batch_size": batch_size,
                "step_seconds": float(np.median(self.seconds[batch_size])),
                "probes": list(self.seconds[batch_size]),
            }
        if (number - 1) % max(1, len(group.eval_steps) // TEXTS_PER_RUN) == 0 or step == group.num_steps:
            yield {"kind": "text", **at, "text": self._write(batch_size)}

    def _write(self, batch_size: int) -> str:
        prompt = torch.from_numpy(self.corpus.train_ids[:1]).to(self.training.device)
        model = self.training.model(batch_size, self.spec.train.first_seed)
        generator = torch.Generator().manual_seed(self.spec.train.first_seed)
        ids = write(model, prompt, WRITTEN_TOKENS, generator).cpu().numpy()
        return self.corpus.tokenizer.decode(ids)

    def _summaries(self, batch_size: int) -> Iterator[dict]:
        tokens = batch_size * self.gpt_config.block_size
        seconds = self.seconds[batch_size]
        for place, seed in enumerate(self.spec.train.seeds):
            noise = self.noise[batch_size].of_run(place)
            yield {
                "kind": "summary",
                "batch_size": batch_size,
                "seed": seed,
                "steps": int(self.steps_done[batch_size][place]),
                "final_val_loss": finite(self.val_losses[batch_size][place]),
                "loss_noise": noise and noise.sigma,
                "tokens_per_second": tokens / float(np.median(seconds)) if seconds else None,
            }


def run(spec: RaceSpec) -> Iterator[dict]:
    """A race from start to end as plain messages (see the top of this file)."""
    for event in Race(spec).events():
        yield event if isinstance(event, dict) else as_message(event)


def as_message(event: Block | Evaluation | Divergence) -> dict:
    match event:
        case Block():
            return {
                "kind": "losses",
                "batch_size": event.batch_size,
                "step": event.first_step,
                "num_runs": event.losses.shape[1],
                "data": event.losses.astype(np.float32).tobytes(),
            }
        case Evaluation():
            message = {"kind": "eval", "batch_size": event.batch_size, "step": event.step}
            message["losses"] = [finite(loss) for loss in event.losses]
            if event.train_losses is not None:
                message["train_losses"] = [finite(loss) for loss in event.train_losses]
            return message
        case Divergence():
            return {"kind": "diverged", **asdict(event)}


def finite(value) -> float | None:
    return float(value) if np.isfinite(value) else None
