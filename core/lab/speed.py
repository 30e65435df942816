"""What a step takes at each batch size, in time and memory, as a row of messages. Runs in a worker, or in a shell.

    {"kind": "started", "device", "device_name", "num_threads", "vocab_size", "num_parameters", "weights_bytes",
     "gradients_bytes", "optimizer_bytes", "flops_per_window"}
    {"kind": "progress", "share", "doing"}
    {"kind": "memory", "batch_size", "block_size", "activations", "peak"}   bytes: kept for backward after a forward
        pass; the most that a step holds beyond weights, gradients and optimizer, None where that cannot be told
    {"kind": "no_memory", "batch_size"}                                     that batch and larger ones did not fit
    {"kind": "product", "flops_per_second"}                                 of a large matrix product, once a round
    {"kind": "step", "batch_size", "micro_batch_size", "seconds"}           one update; once for each in every round
    {"kind": "largest", "batch_size", "predicted", "measured", "measured_next", "why_not"}
        the largest batch whose step fits the budget, from the slope of memory; its peak as predicted, and as measured,
        and that of one window more; or why it was not tried

In every round each way is timed once, one after the other, so that what slows the machine for a moment slows all.
"""

import os
import platform
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from core.batches import WindowStream, all_windows
from core.lab.experiments import MAX_BATCH_SIZE, SpeedSpec
from core.lab.process import free_bytes
from core.measure.activations import activation_bytes, state_bytes
from core.measure.capacity import out_of_memory, peak_bytes, product_flops_per_second, step_flops
from core.measure.memory import largest_batch, line_through
from core.model import GPTConfig, ReplicaStack
from core.training import Trainer, Training
from core.training.ways import first_model

ROUNDS, FEWEST_ROUNDS = 12, 4
MAX_SECONDS = 25  # of timing: then the rounds are fewer, but not below the fewest
MAX_TRY_SECONDS = 10  # that a step of the largest batch may take to be tried
SPARE = 0.8  # of the memory that is free: what is predicted to take more is not tried


class Speed:
    """One measurement that is going on."""

    def __init__(self, spec: SpeedSpec):
        self.spec = spec
        corpus, self.gpt_config = spec.race.build()
        plan = spec.race.train
        self.training = Training(corpus.train_ids, corpus.val_ids, self.gpt_config, plan.in_one_go())
        self.device = self.training.device
        self.stream = WindowStream(
            num_tokens=len(corpus.train_ids),
            block_size=self.gpt_config.block_size,
            order=plan.order,
            seed=plan.first_seed,
        )
        self.trainer = self.trainer_of(self.gpt_config)
        self.peaks: dict[int, int] = {}  # by batch size
        self.seconds: dict[int, float] = {}  # of the last step in one go, by batch size

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
        yield from self.timings(sizes)
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
            **{f"{name}_bytes": size for name, size in state_bytes(self.trainer).items()},
            "flops_per_window": step_flops(self.trainer, one),
        }

    def memory(self) -> Iterator[dict]:
        """At every batch size, as far as memory goes, and at every block size with the middle one of them."""
        sizes, T = self.spec.batch_sizes, self.gpt_config.block_size
        for batch_size in sizes:
            if self.predicted(batch_size) > SPARE * free_on(self.device):
                yield {"kind": "no_memory", "batch_size": batch_size}
                break
            try:
                yield self.held(self.trainer, self.windows(batch_size))
            except Exception as error:
                if not out_of_memory(error):
                    raise
                yield {"kind": "no_memory", "batch_size": batch_size}
                break
        middle = min(self.spec.together, max(self.peaks, default=1))
        for block_size in self.spec.block_sizes:
            if block_size != T:
                trainer = self.trainer_of(replace(self.gpt_config, block_size=block_size))
                ids = torch.zeros(block_size + 1, dtype=torch.int64, device=self.device)  # no matter which tokens
                yield self.held(trainer, all_windows(ids, block_size).expand(middle, -1).clone()[None])

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
            "activations": activations,
            "peak": peak,
        }

    def predicted(self, batch_size: int) -> float:
        """Bytes that a step will hold, from the sizes so far; 0 as long as there are too few."""
        return line_through(self.peaks)(batch_size) if len(self.peaks) > 1 else 0.0

    def timings(self, sizes: list[int]) -> Iterator[dict]:
        together, parts = self.spec.together, self.spec.micro_batch_sizes
        ways = [(b, b) for b in sizes] + [(together, m) for m in parts if m < together <= sizes[-1]]
        for way in ways:
            self.time(*way)  # warm: what comes first would pay for memory and caches
        began = time.monotonic()
        for number in range(ROUNDS):
            yield {"kind": "product", "flops_per_second": product_flops_per_second(self.device)}
            self.time(*ways[0])  # the caches are full of the product
            for place, (batch_size, micro) in enumerate(ways, start=1):
                seconds = self.time(batch_size, micro)
                yield {"kind": "step", "batch_size": batch_size, "micro_batch_size": micro, "seconds": seconds}
                share = (number + place / len(ways)) / ROUNDS
                yield {"kind": "progress", "share": share, "doing": f"a step at B = {batch_size:,}"}
            if number + 1 >= FEWEST_ROUNDS and time.monotonic() > began + MAX_SECONDS:
                return

    def time(self, batch_size: int, micro_batch_size: int) -> float:
        """Seconds of one update."""
        windows = self.windows(batch_size)
        self.trainer.micro_batch_size = micro_batch_size
        began = time.perf_counter()
        self.trainer.step(windows).tolist()  # waits for the device
        seconds = time.perf_counter() - began
        self.trainer.micro_batch_size = MAX_BATCH_SIZE
        if batch_size == micro_batch_size:
            self.seconds[batch_size] = seconds
        return seconds

    def largest(self) -> dict:
        state = sum(state_bytes(self.trainer).values())
        found = {"kind": "largest", "batch_size": None, "predicted": None, "measured": None, "measured_next": None}
        if len(self.peaks) < 2:
            return found | {"why_not": "memory was counted at fewer than two batch sizes"}
        batch_size = largest_batch(self.peaks, self.spec.budget_bytes - state)
        if batch_size < 1:
            return found | {"why_not": "not even one window fits"}
        peak = self.predicted(batch_size)
        found |= {"batch_size": batch_size, "predicted": state + peak}
        known = max(self.seconds)
        num_windows = len(self.training.windows)
        if batch_size + 1 > num_windows:
            return found | {"why_not": f"the text has only {num_windows:,} windows"}
        if batch_size + 1 > MAX_BATCH_SIZE:
            return found | {"why_not": f"this page takes at most {MAX_BATCH_SIZE:,} windows at once"}
        if self.seconds[known] * batch_size / known > MAX_TRY_SECONDS:
            return found | {"why_not": f"its step would take more than {MAX_TRY_SECONDS} s"}
        if peak > SPARE * free_on(self.device):
            return found | {"why_not": "this device has not so much memory free"}
        try:
            measured, beyond = (peak_bytes(self.trainer, self.windows(b)) for b in (batch_size, batch_size + 1))
        except Exception as error:
            if not out_of_memory(error):
                raise
            return found | {"why_not": "it was tried, and the memory did not suffice"}
        return found | {"measured": state + measured, "measured_next": state + beyond, "why_not": ""}


def speed_messages(spec: SpeedSpec) -> Iterator[dict]:
    """All of it as plain messages (see the top of this file)."""
    return Speed(spec).messages()


def free_on(device: torch.device) -> int:
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_bytes()


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} processor, {os.cpu_count()} cores"
