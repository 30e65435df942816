"""Claims that the cost of a step can judge."""

from dataclasses import dataclass

import numpy as np

from core.experiments.step_cost.results import StepCostResults
from core.lessons.check_the_claims.verdicts.verdict import TOO_EARLY, Missing, Outcome, Unjudged, Verdict
from core.measure.comparison import ratio_of
from core.measure.estimate import Estimate

SAME = 1e-5  # of the gradient's norm: what float32 may leave between two ways of adding up
SMALL_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class MemoryVerdict(Verdict):
    """Bytes of a step."""

    block_size: int
    num_parameters: int
    state: dict[str, int]  # what is held whatever the batch size, by its part
    activations: dict[int, int]  # by batch size
    line: tuple[float, float]  # through them: at B = 0, and for each window
    off_line: float  # how far one lies from it at most, as a share
    held_share: float  # of all at the smallest batch size

    @property
    def held(self) -> int:
        return sum(self.state.values())

    @property
    def total(self) -> dict[int, int]:
        return {b: self.held + size for b, size in self.activations.items()}


@dataclass(frozen=True, kw_only=True)
class AccumulationVerdict(Verdict):
    """The largest batch in micro-batches, by their size, and in one pass."""

    batch_size: int
    seconds: float  # of a step in one pass
    ratios: dict[int, Estimate]  # of the seconds, over those in one pass
    memory_shares: dict[int, float]  # of the activations' bytes
    differences: dict[int, float]  # of the gradient, as a share of its norm

    @property
    def faster(self) -> list[int]:
        return [size for size, ratio in self.ratios.items() if ratio.below(1)]

    @property
    def same_gradient(self) -> bool:
        return max(self.differences.values()) < SAME


def memory(cost: StepCostResults) -> Verdict:
    """Small batches use less memory: what grows with B, and what does not."""
    kept, line = cost.activation_bytes, cost.line()
    if line is None or len(kept) < len(cost.spec.batch_sizes):
        return TOO_EARLY
    intercept, slope = line
    held = sum(cost.state_bytes.values())
    share = held / (held + kept[min(kept)])
    return MemoryVerdict(
        outcome=Outcome.HOLDS if share < SMALL_SHARE else Outcome.PARTLY,
        block_size=cost.spec.race.block_size,
        num_parameters=cost.started.num_parameters,
        state=cost.state_bytes,
        activations=kept,
        line=line,
        off_line=max(abs(intercept + slope * b - size) / size for b, size in kept.items()),
        held_share=share,
    )


def accumulation(cost: StepCostResults) -> Verdict:
    """Accumulation speeds up training: the same batch, in micro-batches and in one pass."""
    large, parts = cost.spec.split_size, cost.spec.micro_batch_sizes
    if not parts:
        return Unjudged.without(Missing.SPLITS, batch_size=large)
    seconds, kept = cost.by_micro_batch(), cost.activation_bytes
    if len(seconds.get(large, ())) < 2:
        return TOO_EARLY
    ratios = {m: ratio_of(seconds[m], seconds[large]) for m in parts}
    return AccumulationVerdict(
        outcome=accumulation_outcome(list(ratios.values())),
        batch_size=large,
        seconds=float(np.median(seconds[large])),
        ratios=ratios,
        memory_shares={m: kept[m] / kept[large] for m in parts},
        differences=dict(cost.differences),
    )


def accumulation_outcome(ratios: list[Estimate]) -> Outcome:
    if any(ratio.below(1) for ratio in ratios):
        return Outcome.HOLDS if all(ratio.below(1) for ratio in ratios) else Outcome.PARTLY
    return Outcome.FAILS if all(ratio.above(1) for ratio in ratios) else Outcome.UNRESOLVED
