"""Where the time of a data parallel step goes. Shapes: W ranks."""

from dataclasses import dataclass

import numpy as np

from core.experiments.parallel.results import ParallelResults

STAGES = ("compute", "wait", "reduce")


@dataclass(frozen=True)
class ExchangeShare:
    """Of all ranks' time in a step, what goes into waiting and exchange: its median over the steps, and its quartiles,
    between which it lies in half of them."""

    median: float
    low: float
    high: float
    median_step: int  # the place of the step that has it, of those that `ParallelResults.seconds` gives


def exchange_share(results: ParallelResults) -> ExchangeShare:
    """Of the steps so far, one at least."""
    compute, wait, reduce = (results.seconds(stage).sum(axis=1) for stage in STAGES)  # (steps,) each
    with np.errstate(invalid="ignore"):  # of no time at all there is no share
        shares = (wait + reduce) / (compute + wait + reduce)
    median_step = int(np.argsort(shares)[len(shares) // 2])
    low, high = np.percentile(shares, [25, 75])
    return ExchangeShare(float(shares[median_step]), float(low), float(high), median_step)


def rank_seconds(results: ParallelResults, step: int) -> dict[str, np.ndarray]:
    """By stage, the seconds (W,) of every rank in one of those steps."""
    return {stage: results.seconds(stage)[step] for stage in STAGES}
