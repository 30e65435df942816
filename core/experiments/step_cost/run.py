"""What a step costs at each batch size, in time and memory: the messages of `messages.py`, as they come. Runs in a
worker, or in a shell.

It is a plain step, operation by operation through autograd, as anybody's script makes it. In every round each one is
timed once, in an order that changes, so that what slows the machine for a moment slows all.

Shapes: B batch, T time.
"""

import platform
import random
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from core.batches import WindowStream, all_windows
from core.engine.autotune import first_model
from core.engine.cores import available_cores
from core.engine.devices import find_device
from core.engine.process import free_bytes
from core.experiments.messages import Message, Progress
from core.experiments.step_cost.largest import find_largest
from core.experiments.step_cost.messages import Difference, Largest, Memory, NoMemory, Round, Started, StepTime
from core.experiments.step_cost.spec import FEWEST_ROUNDS, StepCostSpec
from core.measure.activations import activation_bytes, state_bytes
from core.measure.capacity import (
    onednn_flops_per_second,
    out_of_memory,
    peak_bytes,
    product_flops_per_second,
    step_flops,
)
from core.measure.memory import line_through
from core.model import GPTConfig, ReplicaStack
from core.settings.limits import MAX_BATCH_SIZE
from core.strategies.accumulation import accumulated_gradient
from core.training import Trainer

ROUNDS = 12
MAX_SECONDS = 25  # of timing: then the rounds are fewer, but not below the fewest
MAX_TRY_SECONDS = 10  # that a step of the largest batch may take to be tried
SPARE = 0.8  # of the memory that is free: what is predicted to take more is not tried


class Measurement:
    """One that is going on."""

    def __init__(self, spec: StepCostSpec):
        self.spec = spec
        corpus, self.gpt_config = spec.race.build()
        plan = spec.race.train
        self.device = find_device(plan.device)
        self.all_windows = all_windows(torch.from_numpy(corpus.train_ids).to(self.device), self.gpt_config.block_size)
        self.stream = WindowStream(
            num_tokens=len(corpus.train_ids),
            block_size=self.gpt_config.block_size,
            order=plan.order,
            seed=plan.first_seed,
        )
        self.trainer = self.trainer_of(self.gpt_config)
        self.sizes: list[int] = []  # batch sizes that have found their memory, ascending
        self.peaks: dict[int, int] = {}  # by batch size
        self.seconds: dict[int, float] = {}  # of the last step in one pass, by batch size

    def trainer_of(self, gpt_config: GPTConfig) -> Trainer:
        """A fresh run that takes any batch in one pass."""
        plan = self.spec.race.train
        model = first_model(gpt_config, plan.first_seed, self.device)
        return Trainer(ReplicaStack([model]), plan, plan.reference_batch_size, micro_batch_size=MAX_BATCH_SIZE)

    def windows(self, batch_size: int) -> Tensor:
        """(1, B, T + 1)"""
        starts = torch.from_numpy(self.stream.starts(first=0, count=batch_size))
        return self.all_windows[starts.to(self.device)][None]

    def messages(self) -> Iterator[Message]:
        yield self.started()
        yield from self.memory_by_batch_size()
        yield from self.memory_by_block_size()
        if self.spec.split_size in self.sizes:
            yield from self.differences()
        if self.sizes:
            yield from self.rounds()
        if self.spec.budget_bytes is not None:
            yield self.largest(self.spec.budget_bytes)

    def started(self) -> Started:
        one = self.windows(1)
        self.trainer.step(one)
        return Started(
            device=str(self.device),
            device_name=device_name(self.device),
            num_threads=torch.get_num_threads(),
            vocab_size=self.gpt_config.vocab_size,
            num_parameters=self.gpt_config.num_parameters,
            flops_per_window=step_flops(self.trainer, one),
        )

    # ---- memory

    def memory_by_batch_size(self) -> Iterator[Memory | NoMemory]:
        """At every batch size; with a budget as far as memory goes."""
        for batch_size in self.spec.batch_sizes:
            if self.spec.budget_bytes is not None and not self.fits(batch_size):
                yield NoMemory(batch_size, tried=False)
                return
            found = self.memory_of(self.trainer, self.windows(batch_size))
            if found is None:
                yield NoMemory(batch_size, tried=True)
                return
            self.sizes.append(batch_size)
            if found.peak is not None:
                self.peaks[batch_size] = found.peak
            yield found

    def memory_by_block_size(self) -> Iterator[Memory]:
        """At the batch size that is split, or the largest that fits."""
        batch_size = min(self.spec.split_size, max(self.sizes, default=1))
        for block_size in self.spec.block_sizes:
            if block_size != self.gpt_config.block_size:
                trainer = self.trainer_of(replace(self.gpt_config, block_size=block_size))
                ids = torch.zeros(block_size + 1, dtype=torch.int64, device=self.device)  # no matter which tokens
                windows = all_windows(ids, block_size).expand(batch_size, -1).clone()[None]  # (1, B, T + 1)
                found = self.memory_of(trainer, windows)
                if found is None:
                    return  # a longer one will not fit either
                yield found

    def memory_of(self, trainer: Trainer, windows: Tensor) -> Memory | None:
        """What a step on the windows (1, B, T + 1) holds, counted. None where memory ends, and may."""
        _, batch_size, window = windows.shape
        try:
            return Memory(
                batch_size=batch_size,
                block_size=window - 1,
                **state_bytes(trainer),
                activations=activation_bytes(trainer.stack, windows),
                peak=peak_bytes(trainer, windows) if self.device.type in ("cpu", "cuda") else None,
            )
        except Exception as error:
            if self.spec.budget_bytes is None or not out_of_memory(error):
                raise
            return None

    def fits(self, batch_size: int) -> bool:
        """Whether a step is expected to find its memory, as far as can be told from the sizes so far."""
        return len(self.peaks) < 2 or line_through(self.peaks, batch_size) < SPARE * free_on(self.device)

    # ---- gradients

    def differences(self) -> Iterator[Difference]:
        """At the same weights."""
        windows = self.windows(self.spec.split_size)[0]  # (B, T + 1)
        lengths = torch.full((len(windows),), self.gpt_config.block_size, device=self.device)  # targets of each window
        _, one_pass = accumulated_gradient(self.trainer.stack, windows, lengths, len(windows))
        for micro_batch_size in self.spec.micro_batch_sizes:
            _, gradient = accumulated_gradient(self.trainer.stack, windows, lengths, micro_batch_size)
            yield Difference(micro_batch_size, ((gradient - one_pass).norm() / one_pass.norm()).item())

    # ---- time

    def rounds(self) -> Iterator[Progress | Round]:
        split = self.spec.split_size
        steps = [(b, b) for b in self.sizes] + [(split, m) for m in self.spec.micro_batch_sizes if split in self.sizes]
        for step in steps:
            self.time(*step)  # warm: what comes first would pay for memory and caches
        first, order = steps[0], random.Random(self.spec.race.train.first_seed)
        began = time.monotonic()
        for number in range(ROUNDS):
            usual, by_onednn = product_flops_per_second(self.device), onednn_flops_per_second(self.device)
            self.time(*first)  # the caches are full of the product
            order.shuffle(steps)  # so that none always comes behind the same one
            taken = []
            for place, step in enumerate(steps, start=1):
                taken.append(self.time(*step))
                yield Progress((number + place / len(steps)) / ROUNDS, f"a step at B = {step[0]:,}")
            yield Round(tuple(taken), usual, by_onednn)
            if number + 1 >= FEWEST_ROUNDS and time.monotonic() > began + MAX_SECONDS:
                return

    def time(self, batch_size: int, micro_batch_size: int) -> StepTime:
        """One update."""
        windows = self.windows(batch_size)
        self.trainer.micro_batch_size = micro_batch_size
        began = time.perf_counter()
        self.trainer.step(windows).tolist()  # waits for the device
        seconds = time.perf_counter() - began
        self.trainer.micro_batch_size = MAX_BATCH_SIZE
        if micro_batch_size == batch_size:
            self.seconds[batch_size] = seconds
        return StepTime(batch_size, micro_batch_size, seconds)

    # ---- the largest batch

    def largest(self, budget_bytes: int) -> Largest:
        state = sum(state_bytes(self.trainer).values())

        def held(batch_size: int) -> int | None:
            try:
                return state + peak_bytes(self.trainer, self.windows(batch_size))
            except Exception as error:
                if not out_of_memory(error):
                    raise
                return None

        return find_largest(self.peaks, state, budget_bytes, held, self.why_not)

    def why_not(self, batch_size: int) -> str:
        """Why a batch of that size cannot be tried; empty if it can."""
        num_windows, largest = len(self.all_windows), self.sizes[-1]
        if batch_size > num_windows:
            return f"the text has only {num_windows:,} windows"
        if batch_size > MAX_BATCH_SIZE:
            return f"this page takes at most {MAX_BATCH_SIZE:,} windows at once"
        if self.seconds[largest] * batch_size / largest > MAX_TRY_SECONDS:
            return f"its step would take more than {MAX_TRY_SECONDS} s"
        return "" if self.fits(batch_size) else f"it would take more than {100 * SPARE:.0f}% of the memory that is free"


def run(spec: StepCostSpec) -> Iterator[Message]:
    return Measurement(spec).messages()


def free_on(device: torch.device) -> int:
    if device.type != "cuda":
        return free_bytes()
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, for its next tensors
    return torch.cuda.mem_get_info(device)[0] + kept


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cores = available_cores()
    return f"{platform.machine()} processor, {cores:g} core{'s' * (cores != 1)}"
