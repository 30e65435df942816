"""What a step costs at each batch size, as a row of messages. Runs in a worker, or in a shell.

    {"kind": "started", "device", "vocab_size", "num_parameters", "weights_bytes", "gradients_bytes", "optimizer_bytes"}
    {"kind": "progress", "share", "doing"}
    {"kind": "activations", "batch_size", "bytes"}                  that backward needs of one forward pass
    {"kind": "split", "batch_size", "micro_batch_size", "difference"}
        the norm of the difference between the accumulated gradient and that in one go, as a share of the latter's
    {"kind": "step", "batch_size", "micro_batch_size", "seconds"}   one update; once for each in every round

In every round each way is timed once, one after the other, so that what slows the machine for a moment slows all.
"""

import time
from collections.abc import Iterator

import torch

from core.batches import WindowStream
from core.engine import Training
from core.experiments.cost.spec import CostSpec
from core.measure.activations import activation_bytes, state_bytes
from core.model import ReplicaStack
from core.strategies.accumulation import accumulated_gradient
from core.training import Trainer

ROUNDS, FEWEST_ROUNDS = 12, 4
MAX_SECONDS = 30  # of timing: then the rounds are fewer, but not below the fewest


def run(spec: CostSpec) -> Iterator[dict]:
    """All of it as plain messages (see the top of this file)."""
    corpus, gpt_config = spec.race.build()
    plan = spec.race.train
    training = Training(corpus.train_ids, corpus.val_ids, gpt_config, plan.unsplit())
    stack = ReplicaStack([training.first_model(plan.first_seed)])
    trainer = Trainer(stack, plan, plan.reference_batch_size)
    stream = WindowStream(
        num_tokens=len(corpus.train_ids), block_size=gpt_config.block_size, order=plan.order, seed=plan.first_seed
    )
    starts = torch.from_numpy(stream.starts(first=0, count=spec.largest))
    windows = training.windows[starts.to(training.device)]  # (B, T + 1)
    lengths = torch.full((spec.largest,), gpt_config.block_size, device=training.device)  # every window has T targets

    def step(batch_size: int, micro_batch_size: int) -> float:
        """Seconds of one update."""
        began = time.perf_counter()
        loss, gradient = accumulated_gradient(stack, windows[:batch_size], lengths[:batch_size], micro_batch_size)
        trainer.update(gradient)
        loss.item()  # waits for the device
        return time.perf_counter() - began

    step(1, 1)
    yield {
        "kind": "started",
        "device": str(training.device),
        "vocab_size": gpt_config.vocab_size,
        "num_parameters": gpt_config.num_parameters,
        **{f"{name}_bytes": size for name, size in state_bytes(trainer).items()},
    }
    for batch_size in spec.batch_sizes:
        used = activation_bytes(stack, windows[None, :batch_size].clone())
        yield {"kind": "activations", "batch_size": batch_size, "bytes": used}
    _, whole = accumulated_gradient(stack, windows, lengths, spec.largest)
    for micro_batch_size in spec.micro_batch_sizes:
        _, gradient = accumulated_gradient(stack, windows, lengths, micro_batch_size)
        difference = ((gradient - whole).norm() / whole.norm()).item()
        yield {
            "kind": "split",
            "batch_size": spec.largest,
            "micro_batch_size": micro_batch_size,
            "difference": difference,
        }
    ways = [(b, b) for b in spec.batch_sizes] + [(spec.largest, m) for m in spec.micro_batch_sizes]
    for way in ways:
        step(*way)  # warm: what comes first would pay for memory and caches
    began = time.monotonic()
    for number in range(ROUNDS):
        for place, (batch_size, micro_batch_size) in enumerate(ways):
            seconds = step(batch_size, micro_batch_size)
            yield {"kind": "step", "batch_size": batch_size, "micro_batch_size": micro_batch_size, "seconds": seconds}
            share = (number + (place + 1) / len(ways)) / ROUNDS
            yield {"kind": "progress", "share": share, "doing": f"a step at B = {batch_size:,}"}
        if number + 1 >= FEWEST_ROUNDS and time.monotonic() > began + MAX_SECONDS:
            return
