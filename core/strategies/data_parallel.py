"""Data parallel training: W processes, the ranks, each with a copy of the model and a part of every batch.

`train_ranks` is what one rank runs, started by torch's elastic launcher (`torchrun`), on one machine or on several. In
each step a rank takes its rows of the global batch, in micro-batches if it likes, and all ranks average their gradients
(`all_reduce`); then every rank makes the same update, so the copies stay equal.

As in torch's DistributedDataParallel, gradients are averaged over the ranks. For the average to be the gradient of the
global batch's loss, (sum of all token losses) / N, a rank's loss must be

    L_r = W (sum of its own token losses) / N        N target tokens of the global batch

Only the plain stages are written out here, to be read and timed; DistributedDataParallel also overlaps them.

Shapes: W ranks, B global batch, B_r = B / W rows of a rank, T time, P weights of the model.
"""

import os
import time
from collections.abc import Callable
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from core.engine import Training, find_device
from core.model import ReplicaStack
from core.strategies import MEAN_OF_MEANS, SAME_SEED, SUMMED, ParallelPlan, device_of_ranks, target_lengths
from core.strategies.accumulation import accumulated_gradient, micro_batches, token_sums
from core.training import Trainer

FIRST_PROVED, PROVED_EVERY = 3, 10  # steps in which each rank also takes the whole batch, for the proof
START_SECONDS = 60  # until all ranks have met: each loads torch first
ANSWER_SECONDS = 10  # a rank that keeps the others waiting for longer has died or hangs


class Group:
    """The ranks that work together, and this one's place among them: `with Group(device) as group`, with the plan's
    device. `group.device` is where they train (`device_of_ranks`)."""

    def __init__(self, device: str = "cpu"):
        wanted, ranks_here = find_device(device).type, int(os.environ["LOCAL_WORLD_SIZE"])
        self.device = device_of_ranks(wanted, torch.cuda.device_count(), ranks_here)
        self.backend = "nccl" if self.device == "cuda" else "gloo"
        if self.device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))  # which "cuda" then means
        dist.init_process_group(self.backend, timeout=timedelta(seconds=START_SECONDS))
        self.all = dist.new_group(timeout=timedelta(seconds=ANSWER_SECONDS))
        self.rank, self.num_ranks = dist.get_rank(), dist.get_world_size()

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            dist.barrier(self.all)  # nobody leaves while another still needs it
            dist.destroy_process_group()

    def gather(self, value) -> list:
        """What every rank has, in the order of the ranks."""
        values = [None] * self.num_ranks
        dist.all_gather_object(values, value, group=self.all)
        return values


def train_ranks(group: Group, training: Training, plan: ParallelPlan, emit: Callable[[dict], None]) -> None:
    """Train one run as this rank of the group; `training` is on the group's device and has one seed and one batch size,
    the global one. Rank 0 tells:

    {"kind": "ranks", "backend", "num_ranks", "batch_size", "rows": first row and number of rows of each rank}
    {"kind": "step", "step", "loss", "norm", "apart", "ranks": of each rank {"loss", "num_targets", "norm", "cosine",
     "compute_seconds", "wait_seconds", "reduce_seconds"}}
        norm: of the averaged gradient; apart: the largest difference between two ranks' weights after the update;
        cosine: of a rank's own gradient with the average. The first steps, the last and some between have also
        "whole_norm" and "difference": |average - large batch's gradient| / |large batch's gradient|
    """
    (training_group,) = training.groups
    (trainer,) = training_group.pool.trainers
    B, rows = plan.batch_size(group.num_ranks), plan.batch_size(1)
    mine = slice(group.rank * rows, (group.rank + 1) * rows)
    if group.rank == 0:
        places = [(rank * rows, rows) for rank in range(group.num_ranks)]
        emit({"kind": "ranks", "backend": group.backend, "num_ranks": group.num_ranks, "batch_size": B, "rows": places})
    for step in range(1, plan.num_steps + 1):
        starts = training.starts(training_group, step - 1, 1)[0, 0]  # (B,): every rank draws the same
        counts = target_lengths(plan.targets, training.config.first_seed, (step - 1) * B, B, training.block_size)
        lengths = torch.from_numpy(counts).to(training.device)
        windows = training.windows[starts]  # (B, T + 1)
        part = slice(0, rows) if plan.mistake == SAME_SEED else mine
        if step > FIRST_PROVED and step % PROVED_EVERY and step < plan.num_steps:
            report = one_step(group, trainer, windows, lengths, part, plan)
            del report["average"]
        else:
            report = proved_step(group, trainer, windows, lengths, part, plan)
        if group.rank == 0:
            emit({"kind": "step", "step": step, **report})


def one_step(group: Group, trainer: Trainer, windows: Tensor, lengths: Tensor, part: slice, plan: ParallelPlan) -> dict:
    """This rank's part of an update from the global batch (B, T + 1), and what all ranks report of theirs."""
    stack = trainer.stack
    dist.barrier(group.all)
    began = time.perf_counter()
    sums, gradient = rank_gradient(group, stack, windows[part], lengths[part], lengths.sum(), plan)
    computed = time.perf_counter()
    dist.barrier(group.all)  # to tell waiting for the slowest from the exchange itself
    waited = time.perf_counter()
    own = gradient.clone()
    dist.all_reduce(gradient, group=group.all)  # the sum over the ranks
    gradient /= group.num_ranks
    gradient[0, 0].item()  # waits for the device
    reduced = time.perf_counter()
    average = gradient.clone()
    trainer.update(gradient)  # clips it in place
    targets = int(lengths[part].sum())
    ranks = group.gather(
        {
            "loss": sums / targets,
            "num_targets": targets,
            "norm": own.norm().item(),
            "cosine": ((own * average).sum() / (own.norm() * average.norm()).clamp(min=1e-12)).item(),
            "compute_seconds": computed - began,
            "wait_seconds": waited - computed,
            "reduce_seconds": reduced - waited,
        }
    )
    loss = sum(r["loss"] * r["num_targets"] for r in ranks) / sum(r["num_targets"] for r in ranks)
    return {
        "loss": loss,
        "norm": average.norm().item(),
        "apart": weights_apart(group, stack),
        "ranks": ranks,
        "average": average,
    }


def proved_step(
    group: Group, trainer: Trainer, windows: Tensor, lengths: Tensor, part: slice, plan: ParallelPlan
) -> dict:
    """The same, and how far the average is from the gradient that this process takes from the whole batch by itself."""
    _, whole = accumulated_gradient(trainer.stack, windows, lengths, plan.micro_batch_size)
    report = one_step(group, trainer, windows, lengths, part, plan)
    difference = ((report.pop("average") - whole).norm() / whole.norm()).item()
    return report | {"whole_norm": whole.norm().item(), "difference": difference}


def rank_gradient(
    group: Group, stack: ReplicaStack, windows: Tensor, lengths: Tensor, num_targets: Tensor, plan: ParallelPlan
) -> tuple[float, Tensor]:
    """(sum of token losses, gradient (1, P)) of this rank's rows, accumulated over its micro-batches."""
    weight: Tensor | float = group.num_ranks / num_targets  # W / N
    if plan.mistake == MEAN_OF_MEANS:
        weight = 1 / lengths.sum()  # the mean over its own targets, as if they were all
    if plan.mistake == SUMMED:
        weight = 1.0  # the sum over its own targets: N / W times too long
    total, gradient = 0.0, torch.zeros_like(stack.flat)
    for part in micro_batches(windows, lengths, plan.micro_batch_size):
        loss_sum = token_sums(stack, *part).sum()[None]
        gradient += stack.flat_gradient(loss_sum * weight)
        total += loss_sum.item()
    return total, gradient


def weights_apart(group: Group, stack: ReplicaStack) -> float:
    """The largest difference between the same weight on two ranks."""
    low, high = stack.flat.clone(), stack.flat.clone()
    dist.all_reduce(low, dist.ReduceOp.MIN, group=group.all)
    dist.all_reduce(high, dist.ReduceOp.MAX, group=group.all)
    return (high - low).abs().max().item()
