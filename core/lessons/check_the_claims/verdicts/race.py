"""What a race of a small, a medium and a large batch size must have to be judged, and what it took to reach a loss.

Shapes: E evaluations, R seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

import numpy as np

from core.experiments.race.results import RaceResults
from core.lessons.check_the_claims.verdicts.verdict import TOO_EARLY, Missing, Unjudged, Verdict
from core.measure.comparison import running_mean
from core.measure.targets import steps_to_target

# ---- what it took to reach a loss


@dataclass(frozen=True)
class CostToTarget:
    """What it took each batch size to reach a validation loss that all of them reached, one value a seed: (R,)."""

    target: float  # nats per token
    steps: dict[int, np.ndarray]
    tokens: dict[int, np.ndarray]
    seconds: dict[int, np.ndarray]  # of one run alone


def cost_to_target(race: RaceResults) -> CostToTarget:
    """To the lowest loss, rounded up to a hundredth, that every run has reached. Losses are means of neighbours: the
    first dip of a noisy curve below a line comes too soon, and a small batch's curve is the noisier one."""
    curves = {b: (steps, smoothed(losses)) for b in race.batch_sizes for steps, losses, _ in [race.evaluations(b)]}
    target = np.ceil(100 * max(losses.min(axis=0).max() for _, losses in curves.values())) / 100
    steps = {
        b: np.array([steps_to_target(at, column, target) for column in losses.T]) for b, (at, losses) in curves.items()
    }
    return CostToTarget(
        target=float(target),
        steps=steps,
        tokens={b: race.x_of("tokens", b, taken) for b, taken in steps.items()},
        seconds={b: race.x_of("seconds", b, taken) for b, taken in steps.items()},
    )


def smoothed(losses: np.ndarray) -> np.ndarray:
    """Validation losses (E, R) as means over a twenty-fifth of a run, at least each by itself."""
    return running_mean(losses, 1 + 2 * (len(losses) // 50))


# ---- what a race must have


def unfinished(race: RaceResults) -> Unjudged | None:
    """What keeps the runs from being compared, if anything does."""
    gone = sorted(set(race.batch_sizes) - set(race.whole_sizes))
    if gone:
        return Unjudged.without(Missing.WHOLE_RUNS, batch_size=gone[0])
    if not all(len(race.validation[b]) > 1 and race.probes.get(b) for b in race.batch_sizes):
        return TOO_EARLY
    return None


def targetless(race: RaceResults) -> Unjudged | None:
    """As `unfinished`; and there must be a target that every run came to after its beginning."""
    if verdict := unfinished(race):
        return verdict
    target = cost_to_target(race).target
    if min(race.evaluations(b)[1][0].min() for b in race.batch_sizes) > target:
        return None
    return Unjudged.without(Missing.PROGRESS) if race.share == 1 else TOO_EARLY


def unless(unjudged: Callable[[RaceResults], Unjudged | None]) -> Callable:
    """A judge who is asked once `unjudged` finds nothing missing."""

    def decorate(judge: Callable[[RaceResults], Verdict]) -> Callable[[RaceResults], Verdict]:
        @wraps(judge)
        def judge_what_is_there(race: RaceResults) -> Verdict:
            return unjudged(race) or judge(race)

        return judge_what_is_there

    return decorate
