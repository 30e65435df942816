"""What packing does to a model and to the time, as short calls to a worker. Documents come as token ids.

A model is trained for a moment on the documents, packed, with the same seed always to the same weights; then each claim
about packing is held against it. Timing comes in rounds: in each, a padded and a packed update from the same documents
are taken one after the other, so that what slows the machine for a moment slows both.
"""

import time
from functools import partial

import numpy as np
import torch

from core.batches import pack
from core.engine import find_device
from core.engine.devices import LEFT_TO_VIEWERS, use_cores
from core.measure.packing import (
    differences_alone,
    gradient_difference,
    later_losses,
    leaks_of,
    losses_behind_cuts,
    shared_rows,
    step_seconds_of,
)
from core.measure.reports import PackingReport, StepTimes
from core.model import GPT, GPTConfig, ReplicaStack
from core.settings.limits import MAX_BLOCK_SIZE
from core.strategies.packing import Rows, packed_loss
from core.training import TrainConfig, Trainer

NUM_STEPS, FEWEST_STEPS = 100, 20
TRAIN_SLOTS = 2_048  # in one step of the training
MAX_TRAIN_FLOPS = 3e10  # about a second of a core; then the steps are fewer, but not below the fewest
MAX_STEP_SLOTS = 8_192  # in one timed update, and in what is looked at
MAX_PACKED_TOKENS = 1_000_000
MAX_CUTS = 64
PLAN = TrainConfig(learning_rate=1e-2)
SLICE_SECONDS = 0.4  # of timing, then the page hears of it


def trainer_of(config: GPTConfig, seed: int, device: torch.device) -> Trainer:
    model = GPT(config, torch.Generator().manual_seed(seed)).to(device)
    return Trainer(ReplicaStack([model]), PLAN, PLAN.reference_batch_size)


def check(documents: list[np.ndarray], config: GPTConfig) -> None:
    """Raises ValueError, with a sentence, for what cannot be packed while somebody waits."""
    if config.block_size > MAX_BLOCK_SIZE:
        raise ValueError(f"A row of {config.block_size:,} tokens is too long: at most {MAX_BLOCK_SIZE}.")
    if (total := sum(map(len, documents))) > MAX_PACKED_TOKENS:
        raise ValueError(f"These documents have {total:,} tokens; at most {MAX_PACKED_TOKENS:,} can be packed at once.")


def step_flops(config: GPTConfig, slots: int) -> float:
    """About 6 for each weight and slot, and 12 C T for each layer's attention."""
    return 6 * slots * (config.num_parameters + 2 * config.n_layer * config.n_embd * config.block_size)


def train(trainer: Trainer, rows: Rows, config: GPTConfig) -> int:
    """Train on the rows, over and over. Returns the number of steps."""
    at_once = min(len(rows.ids), max(1, TRAIN_SLOTS // config.block_size))
    affordable = int(MAX_TRAIN_FLOPS // step_flops(config, at_once * config.block_size))
    num_steps = min(NUM_STEPS, max(FEWEST_STEPS, affordable))
    for step in range(num_steps):
        places = torch.arange(step * at_once, (step + 1) * at_once, device=rows.ids.device) % len(rows.ids)
        loss = packed_loss(trainer.stack.model, rows[places])
        trainer.update(trainer.stack.flat_gradient(loss[None]))
    return num_steps


def prove(documents: list[np.ndarray], config: GPTConfig, seed: int, device: str) -> PackingReport:
    """All that a trained model says of documents (N,) that share rows of `config.block_size` slots."""
    use_cores(leave=LEFT_TO_VIEWERS)
    check(documents, config)
    place, T = find_device(device), config.block_size
    batch = pack(documents, T)
    numbers = shared_rows(batch, max(1, MAX_STEP_SLOTS // T))
    rows = Rows.of(batch, place)
    some = rows[numbers]
    trainer = trainer_of(config, seed, place)
    model = trainer.stack.model
    with torch.no_grad():
        first_loss = packed_loss(model, some).item()
    num_steps = train(trainer, rows, config)
    with torch.no_grad():
        loss = packed_loss(model, some).item()
    restarted, running, largest = differences_alone(model, documents, batch, some, numbers)
    later, later_running, later_unmasked = later_losses(model, some)
    few = step_documents(documents, T)
    same_tokens = max(map(len, few)) <= T
    behind, with_context, without_context = losses_behind_cuts(model, documents, MAX_CUTS)
    return PackingReport(
        num_steps=num_steps,
        first_loss=first_loss,
        loss=loss,
        num_documents=sum(len(batch.plan[number]) for number in numbers),
        largest_difference=restarted,
        largest_logit=largest,
        running_difference=running,
        later_loss=later,
        later_running_loss=later_running,
        later_unmasked_loss=later_unmasked,
        gradient_difference=gradient_difference(trainer.stack, *both_ways(few, T, place)) if same_tokens else np.nan,
        num_behind_cuts=behind,
        with_context=with_context,
        without_context=without_context,
        leaks=leaks_of(model, some, numbers, torch.Generator().manual_seed(seed)),
    )


def step_documents(documents: list[np.ndarray], row_length: int) -> list[np.ndarray]:
    """As many of the first documents as one update takes, padded or packed; of the first at least its beginning."""
    width = min(row_length, max(map(len, documents)))
    few, total = [documents[0][:MAX_STEP_SLOTS]], len(documents[0])
    for document in documents[1 : MAX_STEP_SLOTS // width]:
        total += len(document)
        if total > MAX_STEP_SLOTS:
            break
        few.append(document)
    return few


def both_ways(documents: list[np.ndarray], row_length: int, device: torch.device) -> tuple[Rows, Rows]:
    """The same documents padded, and packed."""
    padded, packed = (Rows.of(pack(documents, row_length, strategy), device) for strategy in ("pad", "best-fit"))
    return padded, packed


def time_steps(documents: list[np.ndarray], config: GPTConfig, seed: int, device: str, rounds: int) -> StepTimes:
    """Rounds of a padded and a packed update from the same documents, after one of each that warms up: at least one,
    then until the time is over or so many are taken."""
    use_cores(leave=LEFT_TO_VIEWERS)
    check(documents, config)
    place, T = find_device(device), config.block_size
    few = step_documents(documents, T)
    padded, packed = (pack(few, T, strategy) for strategy in ("pad", "best-fit"))
    in_padded = partial(step_seconds_of, trainer_of(config, seed, place), Rows.of(padded, place), packed=False)
    in_packed = partial(step_seconds_of, trainer_of(config, seed, place), Rows.of(packed, place), packed=True)
    in_padded(), in_packed()
    seconds: list[tuple[float, float]] = []
    until = time.monotonic() + SLICE_SECONDS
    while not seconds or (len(seconds) < rounds and time.monotonic() < until):
        seconds.append((in_padded(), in_packed()))
    return StepTimes(
        device=str(place),
        num_documents=len(few),
        num_slots=(padded.num_slots, packed.num_slots),
        num_tokens=(padded.num_tokens, packed.num_tokens),
        seconds=tuple(seconds),
    )
