"""How the runs at one batch size are executed on this device: found by trying, and cached.

Three questions, and the answers differ from machine to machine. How many seeds go on one replica axis? Small batches
leave a core waiting between tiny operations, and several seeds in one call wait together. How many windows go through
the model at once? What a pass keeps for backward should fit the caches, so a large batch is taken in micro-batches. And
which of the two libraries that torch has multiplies matrices faster?

Every plan gives the same losses but for rounding, so what was found is kept in a file: the same race is then executed
in the same way, and gives the same losses to the last bit. On a GPU there is nothing to try: all seeds and the whole
batch in one pass, as far as its memory goes (`gpu_execution`).
"""

import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from core.engine.cache import cache_folder
from core.engine.cores import available_cores
from core.engine.cpu_graph import capture
from core.engine.devices import gpu_bytes
from core.engine.onednn import is_available, linear
from core.engine.plans import MAX_PASS, even_part, gpu_execution, is_small_step
from core.engine.pool import TrainerPool
from core.engine.trainer import CapturedTrainer
from core.model import GPT, GPTConfig, ReplicaStack
from core.training.config import ExecutionPlan, TrainConfig

FEWEST_WINDOWS = 32  # of a pass that is tried for a batch that is larger
ROUNDS, MAX_SECONDS = 5, 0.3  # every option is tried so often, or until about so much time has passed
STEPS = 4  # of a pool each time: the first one after another pool's is slower
MAX_ROWS = 512  # of the matrices with which the two libraries are tried; with more, neither gets much faster
MAX_CACHED = 1_000


def autotune(gpt_config: GPTConfig, config: TrainConfig, batch_size: int, device: torch.device) -> ExecutionPlan:
    """The plan that the race names for this batch size, or the fastest of those that are tried here. Threads and
    oneDNN are a processor's: where a race from elsewhere names them, a GPU has no use for them."""
    if execution := config.execution_at(batch_size):
        return execution if device.type == "cpu" else replace(execution, num_threads=None, onednn=False)
    seeds, num_threads = config.num_seeds, torch.get_num_threads()
    if device.type != "cpu":
        return gpu_execution(gpt_config, batch_size, seeds, gpu_bytes(device))
    model = "-".join(f"{value:g}" for value in asdict(gpt_config).values())
    cores = f"{available_cores():g} cores"  # a quota slows the same number of threads down
    machine = f"{platform.node()} {cores} torch {torch.__version__} threads {num_threads}"
    key = f"captured steps on {machine} {config.precision} model {model}"
    each = max(1, num_threads // seeds)
    onednn = False
    if config.precision == "float32" and is_available():
        rows = min(batch_size * gpt_config.block_size, MAX_ROWS)
        question = f"{key} oneDNN for {rows} rows on {each} threads"
        onednn = bool(cached(question, lambda: faster_product(gpt_config.n_embd, rows, each)))
    windows_at_once = batch_size
    if batch_size > FEWEST_WINDOWS:
        sizes = [m for m in powers_of_two(FEWEST_WINDOWS, MAX_PASS) if m < batch_size]
        sizes += [batch_size] if batch_size <= MAX_PASS else []
        question = f"{key} windows {sizes} on {each} threads{' oneDNN' * onednn}"
        fastest_size = cached(question, lambda: fastest_pass(gpt_config, config, sizes, each, onednn))
        windows_at_once = even_part(batch_size, fastest_size)  # a small last pass would cost as much as a full one
    seeds_at_once = 1
    if windows_at_once == batch_size and is_small_step(gpt_config, batch_size):
        counts = sorted({1, -(-seeds // num_threads), seeds})
        if len(counts) > 1:
            seeds_at_once = cached(
                f"{key} B {batch_size} of {seeds} seeds {counts}{' oneDNN' * onednn}",
                lambda: fastest_stack(gpt_config, config, batch_size, counts, onednn),
            )
    return stacked(batch_size, windows_at_once, seeds, seeds_at_once, onednn)


def stacked(batch_size: int, windows_at_once: int, num_seeds: int, seeds_at_once: int, onednn: bool) -> ExecutionPlan:
    """The plan with so many seeds on an axis: the stacks share the threads. oneDNN takes one seed at a time."""
    num_threads, num_stacks = torch.get_num_threads(), -(-num_seeds // seeds_at_once)
    return ExecutionPlan(
        batch_size=batch_size,
        seeds_at_once=seeds_at_once,
        micro_batch_size=windows_at_once,
        num_threads=num_threads // min(num_threads, num_stacks),
        onednn=onednn and seeds_at_once == 1,
    )


def powers_of_two(low: int, high: int) -> list[int]:
    return [2**k for k in range(low.bit_length() - 1, high.bit_length()) if low <= 2**k <= high]


def trainer_pool(
    gpt_config: GPTConfig, config: TrainConfig, execution: ExecutionPlan, device: torch.device
) -> TrainerPool:
    """Trainers of all seeds of the plan at one batch size, at their first weights."""
    models = [first_model(gpt_config, seed, device) for seed in config.seeds]
    stacks = [models[i : i + execution.seeds_at_once] for i in range(0, len(models), execution.seeds_at_once)]
    return TrainerPool([trainer_of(stack, config, execution) for stack in stacks], execution.num_threads)


def trainer_of(models: list[GPT], config: TrainConfig, execution: ExecutionPlan) -> CapturedTrainer:
    """The trainer of these models on one axis, executed so."""
    stack = ReplicaStack(models, product=linear if execution.onednn else None)
    return CapturedTrainer(stack, config, execution.batch_size, execution.micro_batch_size)


def first_model(gpt_config: GPTConfig, seed: int, device: torch.device) -> GPT:
    """The model that every run of this seed starts from, whatever its batch size."""
    return GPT(gpt_config, torch.Generator().manual_seed(seed)).to(device)


# ---- trying


def faster_product(channels: int, rows: int, threads: int) -> int:
    """Whether oneDNN makes the product of a layer, from C to 4 C channels, and its gradients sooner: 1 or 0."""
    generator = torch.Generator().manual_seed(0)
    shapes = (rows, channels), (4 * channels, channels), (4 * channels,)
    tensors = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]

    def forward_and_backward(product: Callable, *tensors: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(product(*tensors).square().sum(), tensors)

    with threads_of_torch(threads):
        graphs = [capture(partial(forward_and_backward, product), *tensors) for product in (F.linear, linear)]
        return fastest([0, 1], lambda onednn: seconds_of(lambda: graphs[onednn](*tensors)))


def fastest_pass(gpt_config: GPTConfig, config: TrainConfig, sizes: list[int], threads: int, onednn: bool) -> int:
    """The number of windows in a pass at which a window takes least time, on so many threads."""
    execution = ExecutionPlan(batch_size=max(sizes), micro_batch_size=max(sizes), onednn=onednn)
    trainer = trainer_of([first_model(gpt_config, 0, torch.device("cpu"))], config, execution)

    def seconds(size: int) -> float:
        windows = torch.zeros(1, size, gpt_config.block_size + 1, dtype=torch.int64)  # tokens do not matter
        trainer.capture(windows)  # once a size
        return seconds_of(lambda: trainer.losses_and_gradient(windows)) / size

    with threads_of_torch(threads):
        return fastest(sizes, seconds)


def fastest_stack(gpt_config: GPTConfig, config: TrainConfig, batch_size: int, counts: list[int], onednn: bool) -> int:
    """The number of seeds on one axis with which all of them make a step in least time."""
    executions = {count: stacked(batch_size, batch_size, config.num_seeds, count, onednn) for count in counts}
    pools = {
        count: trainer_pool(gpt_config, config, execution, torch.device("cpu"))
        for count, execution in executions.items()
    }
    windows = torch.zeros(config.num_seeds, batch_size, gpt_config.block_size + 1, dtype=torch.int64)
    parts = {count: windows.split(count) for count in counts}
    for count, pool in pools.items():
        pool.map(CapturedTrainer.capture, parts[count])

    def steps(trainer: CapturedTrainer, part: Tensor) -> None:
        for _ in range(STEPS):
            trainer.step(part)

    return fastest(counts, lambda count: seconds_of(lambda: pools[count].map(steps, parts[count])))


def fastest(options: list[int], seconds: Callable[[int], float]) -> int:
    """The option with the lowest of its times. All take turns, so that what slows the machine for a moment slows all;
    the first round, in which memory and caches are filled, does not count. Options that come behind one that takes all
    of the time for a question are not tried: they are larger."""
    began, tried = time.monotonic(), []
    for option in options:
        seconds(option)
        tried.append(option)
        if time.monotonic() > began + MAX_SECONDS:
            break
    if len(tried) == 1:
        return tried[0]
    began, best = time.monotonic(), dict.fromkeys(tried, float("inf"))
    for _ in range(ROUNDS):
        for option in tried:
            best[option] = min(best[option], seconds(option))
        if time.monotonic() > began + MAX_SECONDS:
            break
    return min(best, key=best.__getitem__)


@contextmanager
def threads_of_torch(num_threads: int) -> Iterator[None]:
    """So many for what is done inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def seconds_of(work: Callable) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# ---- the cache


_cache: dict[str, int] = {}  # of this process


def cached(question: str, answer: Callable[[], int]) -> int:
    """The answer that was found before, by this process or another one of this user's, or the one found now."""
    if question not in _cache:
        found = read_answers()
        if not isinstance(found.get(question), int):
            found = {**read_answers(), question: answer()}
            write_answers(found)
        _cache[question] = found[question]
    return _cache[question]


def answers_file() -> Path:
    return cache_folder() / "autotune.json"


def read_answers() -> dict[str, int]:
    try:
        found = json.loads(answers_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_answers(answers: dict[str, int]) -> None:
    """All at once, so that no reader finds half a file. Where nothing can be written, the process remembers."""
    file = answers_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as new:
            json.dump(dict(list(answers.items())[-MAX_CACHED:]), new, indent=0, allow_nan=False)
        os.replace(new.name, file)
    except OSError:
        return
