"""What a step takes at each batch size, in time and memory, as a row of messages. Runs in a worker, or in a shell.

It is a plain step, operation by operation through autograd, as anybody's script makes it.

    {"kind": "started", "device", "device_name", "num_threads", "vocab_size", "num_parameters",
     "flops_per_window"}
    {"kind": "progress", "share", "doing"}
    {"kind": "memory", "batch_size", "block_size", "weights", "gradients", "optimizer", "activations", "peak"}   bytes:
        activations are what forward keeps for backward; peak is the most that a step holds beyond the first three,
        None where that cannot be told
    {"kind": "no_memory", "batch_size", "tried"}    that batch and larger ones did not fit, or were expected not to
    {"kind": "round", "flops_per_second", "onednn_flops_per_second", "steps"}   of a large matrix product, as a step
        makes its own, and by torch's other library, None where that is not; (batch size, micro-batch size, seconds) of
        an update, once for each
    {"kind": "largest", "batch_size", "predicted", "measured", "measured_next", "why_not"}
        the largest batch whose step fits the budget: what the line says that it holds; what it held, and what a step
        of one window more held; or why it was not tried

In every round each way is timed once, in an order that changes, so that what slows the machine for a moment slows all.
"""

import os
import platform
import random
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from core.batches import WindowStream, all_windows
from core.engine import Training
from core.engine.autotune import first_model
from core.engine.process import free_bytes
from core.experiments.speed.spec import SpeedSpec
from core.measure.activations import activation_bytes, state_bytes
from core.measure.capacity import (
    onednn_flops_per_second,
    out_of_memory,
    peak_bytes,
    product_flops_per_second,
    step_flops,
)
from core.measure.memory import largest_batch, line_through
from core.model import GPTConfig, ReplicaStack
from core.settings.limits import MAX_BATCH_SIZE
from core.training import Trainer

ROUNDS, FEWEST_ROUNDS = 12, 4
MAX_SECONDS = 25  # of timing: then the rounds are fewer, but not below the fewest
MAX_TRY_SECONDS = 10  # that a step of the largest batch may take to be tried
MAX_TRIES = 6  # of batch sizes around the one that the line says
SPARE = 0.8  # of the memory that is free: what is predicted to take more is not tried


class Speed:
    """One measurement that is going on."""

    def __init__(self, spec: SpeedSpec):
        self.spec = spec
        corpus, self.gpt_config = spec.race.build()
        plan = spec.race.train
        self.training = Training(corpus.train_ids, corpus.val_ids, self.gpt_config, plan.unsplit())
        self.device = self.training.device
        self.stream = WindowStream(
            num_tokens=len(corpus.train_ids),
            block_size=self.gpt_config.block_size,
            order=plan.order,
            seed=plan.first_seed,
        )
        self.trainer = self.trainer_of(self.gpt_config)
        self.peaks: dict[int, int] = {}  # by batch size
        self.seconds: dict[tuple[int, int], float] = {}  # of the last step of each way

    def trainer_of(self, gpt_config: GPTConfig) -> Trainer:
        """A fresh run that takes any batch in one go."""
        plan = self.spec.race.train
        model = first_model(gpt_config, plan.first_seed, self.device)
        return Trainer(ReplicaStack([model]), plan, plan.reference_batch_size, micro_batch_size=MAX_BATCH_SIZE)

    def windows(self, batch_size: int) -> Tensor:
        """(1, B, T + 1)"""
        starts = torch.from_numpy(self.stream.starts(first=0, count=batch_size))
        return self.training.windows[starts.to(self.device)][None]

    def messages(self) -> Iterator[dict]:
        yield self.started()
        sizes = []
        for message in self.memory():
            yield message
            if message["kind"] == "memory" and message["block_size"] == self.gpt_config.block_size:
                sizes.append(message["batch_size"])
        if sizes:
            yield from self.rounds(sizes)
        yield self.largest()

    def started(self) -> dict:
        one = self.windows(1)
        self.trainer.step(one)
        return {
            "kind": "started",
            "device": str(self.device),
            "device_name": device_name(self.device),
            "num_threads": torch.get_num_threads(),
            "vocab_size": self.gpt_config.vocab_size,
            "num_parameters": self.gpt_config.num_parameters,
            "flops_per_window": step_flops(self.trainer, one),
        }

    def memory(self) -> Iterator[dict]:
        """At every batch size, as far as memory goes, and at every block size with the middle one of them."""
        sizes, T = self.spec.batch_sizes, self.gpt_config.block_size
        for batch_size in sizes:
            if not self.fits(batch_size):
                yield {"kind": "no_memory", "batch_size": batch_size, "tried": False}
                break
            try:
                yield self.held(self.trainer, self.windows(batch_size))
            except Exception as error:
                if not out_of_memory(error):
                    raise
                yield {"kind": "no_memory", "batch_size": batch_size, "tried": True}
                break
        middle = min(self.spec.together, max(self.peaks, default=1))
        for block_size in self.spec.block_sizes:
            if block_size != T:
                trainer = self.trainer_of(replace(self.gpt_config, block_size=block_size))
                ids = torch.zeros(block_size + 1, dtype=torch.int64, device=self.device)  # no matter which tokens
                windows = all_windows(ids, block_size).expand(middle, -1).clone()[None]  # (1, B, T + 1)
                try:
                    yield self.held(trainer, windows)
                except Exception as error:
                    if not out_of_memory(error):
                        raise
                    break  # a longer one will not fit either

    def held(self, trainer: Trainer, windows: Tensor) -> dict:
        """What a step holds, counted."""
        _, batch_size, window = windows.shape
        activations = activation_bytes(trainer.stack, windows)
        peak = peak_bytes(trainer, windows) if self.device.type in ("cpu", "cuda") else None
        if trainer is self.trainer and peak is not None:
            self.peaks[batch_size] = peak
        return {
            "kind": "memory",
            "batch_size": batch_size,
            "block_size": window - 1,
            **state_bytes(trainer),
            "activations": activations,
            "peak": peak,
        }

    def fits(self, batch_size: int) -> bool:
        """Whether a step is expected to find its memory, as far as can be told from the sizes so far."""
        return len(self.peaks) < 2 or line_through(self.peaks, batch_size) < SPARE * free_on(self.device)

    def rounds(self, sizes: list[int]) -> Iterator[dict]:
        together, parts = self.spec.together, self.spec.micro_batch_sizes
        ways = [(b, b) for b in sizes] + [(together, m) for m in parts if m < together <= sizes[-1]]
        for way in ways:
            self.time(*way)  # warm: what comes first would pay for memory and caches
        first, order = ways[0], random.Random(self.spec.race.train.first_seed)
        began = time.monotonic()
        for number in range(ROUNDS):
            usual, by_onednn = product_flops_per_second(self.device), onednn_flops_per_second(self.device)
            self.time(*first)  # the caches are full of the product
            order.shuffle(ways)  # so that none always comes behind the same one
            steps = []
            for place, way in enumerate(ways, start=1):
                steps.append((*way, self.time(*way)))
                share = (number + place / len(ways)) / ROUNDS
                yield {"kind": "progress", "share": share, "doing": f"a step at B = {way[0]:,}"}
            yield {"kind": "round", "flops_per_second": usual, "onednn_flops_per_second": by_onednn, "steps": steps}
            if number + 1 >= FEWEST_ROUNDS and time.monotonic() > began + MAX_SECONDS:
                return

    def time(self, batch_size: int, micro_batch_size: int) -> float:
        """Seconds of one update."""
        windows = self.windows(batch_size)
        self.trainer.micro_batch_size = micro_batch_size
        began = time.perf_counter()
        self.trainer.step(windows).tolist()  # waits for the device
        self.seconds[batch_size, micro_batch_size] = time.perf_counter() - began
        self.trainer.micro_batch_size = MAX_BATCH_SIZE
        return self.seconds[batch_size, micro_batch_size]

    def largest(self) -> dict:
        """The answer from the line, and then the truth: sizes are tried until one fits and the next does not. Each
        try begins anew from what the last one held, for the line need not be straight so far out."""
        state, budget = sum(state_bytes(self.trainer).values()), self.spec.budget_bytes
        found = {"kind": "largest", "batch_size": None, "predicted": None, "measured": None, "measured_next": None}
        if len(self.peaks) < 2:
            return found | {"why_not": "the most that a step holds was told at fewer than two batch sizes"}
        predicted = largest_batch(self.peaks, budget - state)
        if predicted < 1:
            return found | {"why_not": "not even one window fits"}
        found |= {"batch_size": predicted, "predicted": state + line_through(self.peaks, predicted)}
        held, batch_size = {}, predicted
        slope = line_through(self.peaks, predicted + 1) - line_through(self.peaks, predicted)
        for _ in range(MAX_TRIES):
            for size in (batch_size, batch_size + 1):
                if size not in held:
                    if why_not := self.why_not(size):
                        return found | {"why_not": why_not}
                    try:
                        held[size] = state + peak_bytes(self.trainer, self.windows(size))
                    except Exception as error:
                        if not out_of_memory(error):
                            raise
                        return found | {"why_not": "it was tried, and the memory did not suffice"}
            here, beyond = held[batch_size], held[batch_size + 1]
            if here <= budget < beyond:
                return found | {"batch_size": batch_size, "measured": here, "measured_next": beyond, "why_not": ""}
            batch_size += int((budget - here) // slope) or 1  # rounded down: at least one back where it does not fit
            if batch_size < 1:
                return found | {"batch_size": None, "why_not": "not even one window fits"}
        return found | {"why_not": f"{MAX_TRIES} sizes around it were tried, and none was the last that fits"}

    def why_not(self, batch_size: int) -> str:
        """Why a batch of that size cannot be tried; empty if it can."""
        num_windows = len(self.training.windows)
        if batch_size > num_windows:
            return f"the text has only {num_windows:,} windows"
        if batch_size > MAX_BATCH_SIZE:
            return f"this page takes at most {MAX_BATCH_SIZE:,} windows at once"
        known = max(b for b, m in self.seconds if b == m)
        if self.seconds[known, known] * batch_size / known > MAX_TRY_SECONDS:
            return f"its step would take more than {MAX_TRY_SECONDS} s"
        return "" if self.fits(batch_size) else f"it would take more than {100 * SPARE:.0f}% of the memory that is free"


def run(spec: SpeedSpec) -> Iterator[dict]:
    """All of it as plain messages (see the top of this file)."""
    return Speed(spec).messages()


def free_on(device: torch.device) -> int:
    if device.type != "cuda":
        return free_bytes()
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, for its next tensors
    return torch.cuda.mem_get_info(device)[0] + kept


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} processor, {os.cpu_count()} cores"
