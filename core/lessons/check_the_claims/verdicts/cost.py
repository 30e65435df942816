"""Claims that the cost of a step can judge."""

import numpy as np

from core import charts
from core.experiments.step_cost.results import StepCostResults
from core.lessons.check_the_claims.verdicts.verdict import (
    FAILS,
    HOLDS,
    PARTLY,
    TOO_EARLY,
    UNRESOLVED,
    Verdict,
    between,
    number,
    of_each,
    size_of,
)
from core.measure.comparison import ratio_of

SAME = 1e-5  # of the gradient's norm: what float32 may leave between two ways of adding up


def memory(cost: StepCostResults) -> Verdict:
    """Small batches use less memory: what grows with B, and what does not."""
    kept, line = cost.activation_bytes, cost.line()
    if line is None or len(kept) < len(cost.spec.batch_sizes):
        return TOO_EARLY
    (small, *_, large), (intercept, slope) = kept, line
    off = max(abs(intercept + slope * b - size) / size for b, size in kept.items())
    held = sum(cost.state_bytes.values())
    total = {b: held + size for b, size in kept.items()}
    times = total[large] / total[small]
    parts = ", ".join(f"{name} {size_of(size)}" for name, size in cost.state_bytes.items())
    facts = (
        f"Whatever the batch size: {size_of(held)} ({parts}), {number(held / cost.started.num_parameters)} bytes a "
        "parameter.",
        f"Activations, kept for backward: {of_each(kept, size_of, '')}. They lie within "
        f"{100 * off:.2f}% of a straight line: {size_of(intercept)}, and {size_of(slope)} for each window of "
        f"{cost.spec.race.block_size} tokens.",
        f"In all: {of_each(total, size_of, '')}. {number(large / small)} times the batch, {number(times)} times the "
        "memory.",
    )
    share = held / total[small]
    if share < 0.1:
        return Verdict(
            HOLDS,
            f"More than nine tenths of it are activations, and they grow with B: {number(times)} times as much.",
            facts,
        )
    return Verdict(
        PARTLY,
        f"Only activations shrink with B; {100 * share:.0f}% of the memory at B = {small} is there at any B.",
        facts,
    )


def accumulation(cost: StepCostResults) -> Verdict:
    """Accumulation speeds up training: the same batch, in micro-batches and in one pass."""
    large, parts = cost.spec.split_size, cost.spec.micro_batch_sizes
    if not parts:
        return Verdict(UNRESOLVED, f"No other batch size divides {large}: choose sizes that do.")
    taken, kept = cost.by_micro_batch(), cost.activation_bytes
    if len(taken.get(large, ())) < 2:
        return TOO_EARLY
    ratios = {m: ratio_of(taken[m], taken[large]) for m in parts}
    shares = {m: kept[m] / kept[large] for m in parts}
    facts = (
        f"In one go a step at B = {large} takes {charts.format_seconds(float(np.median(taken[large])))}.",
        *(
            f"In {large // m} micro-batches of {m} it takes {between(ratios[m])} times as long, needs "
            f"{100 * shares[m]:.2g}% of the activation memory, and its gradient differs by "
            f"{charts.format_tiny(cost.differences[m])} of its norm."
            for m in parts
        ),
    )
    faster = [m for m in parts if ratios[m].below(1)]
    if len(faster) == len(parts):
        return Verdict(
            HOLDS, "On this device every split was faster than one go: perhaps small parts fit its caches.", facts
        )
    if faster:
        return Verdict(
            PARTLY,
            f"Micro-batches of {faster[-1]} were faster than one go on this device, perhaps for its caches; not all.",
            facts,
        )
    if all(ratio.above(1) for ratio in ratios.values()):
        same = "The same gradient" if max(cost.differences.values()) < SAME else "Nearly the same gradient"
        return Verdict(FAILS, f"{same}, for more time: it saves memory, not time.", facts)
    return Verdict(UNRESOLVED, "No split was faster; not all of them can be told from one go.", facts)
