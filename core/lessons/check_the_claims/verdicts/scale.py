"""The claim about the noise scale, judged by a measurement of it and a sweep over the learning rate."""

from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from core.experiments.noise.messages import NoiseScale
from core.experiments.noise.results import NoiseResults
from core.experiments.sweep.results import SweepResults, fit_of, mean_steps
from core.lessons.check_the_claims.verdicts.verdict import TOO_EARLY, Outcome, Verdict
from core.measure.estimate import Estimate
from core.measure.targets import StepsFit, is_resolved

TELLING = 4.0  # two ranges that overlap say something only where neither spans more than this factor


class Doubt(Enum):
    """Why the two cannot be compared."""

    NO_FIT = auto()
    BEND_UNRESOLVED = auto()
    BEND_BEYOND = auto()  # the batch sizes that were run
    SCALE_UNRESOLVED = auto()
    WIDE_RANGES = auto()


@dataclass(frozen=True)
class ScaleRange:
    """The noise scale on the way to a loss, up to the first measurement there or below; in windows."""

    least: float
    most: float
    low: float  # with the intervals
    high: float


@dataclass(frozen=True, kw_only=True)
class NoiseScaleVerdict(Verdict):
    doubt: Doubt | None = None
    target: float  # nats per token
    scales: tuple[NoiseScale, ...]  # in the order of their steps
    losses: dict[int, float]  # of the whole text, by step
    steps: dict[int, float]  # to the target, by batch size
    tokens: dict[int, float]
    bend: Estimate | None  # of S(B), in windows; None where it cannot be fitted
    on_the_way: ScaleRange | None = None  # where there is a bend to compare it with


def noise_scale(sweep: SweepResults, noise: NoiseResults) -> Verdict:
    """The noise scale is the best batch size: compared with the bend of S(B), fitted to runs whose rate was tuned. The
    noise scale changes as the loss falls; what counts is its range on the way to the loss that S(B) is the way to."""
    target = sweep.usual_target()
    if target is None or len(noise.scales) < len(noise.spec.steps):
        return TOO_EARLY
    runs = sweep.runs_to(target)
    fit = fit_of(runs)
    steps = {b: mean_steps(rows["steps"]) for b, rows in runs.groupby("batch_size")}
    verdict = partial(
        NoiseScaleVerdict,
        target=target,
        scales=tuple(scale for _, scale in sorted(noise.scales.items())),
        losses={step: whole.loss for step, whole in noise.whole.items()},
        steps=steps,
        tokens={b: b * noise.spec.race.block_size * taken for b, taken in steps.items()},
        bend=fit.b_crit if fit else None,
    )
    if doubt := doubt_of(fit, sweep.batch_sizes):
        return verdict(outcome=Outcome.UNRESOLVED, doubt=doubt)
    on_the_way = range_to(noise, target)
    if on_the_way is None:
        return verdict(outcome=Outcome.UNRESOLVED, doubt=Doubt.SCALE_UNRESOLVED)
    assert fit
    outcome = compared(fit.b_crit, on_the_way)
    doubt = Doubt.WIDE_RANGES if outcome == Outcome.UNRESOLVED else None
    return verdict(outcome=outcome, doubt=doubt, on_the_way=on_the_way)


def doubt_of(fit: StepsFit | None, batch_sizes: tuple[int, ...]) -> Doubt | None:
    """Of the bend."""
    if fit is None:
        return Doubt.NO_FIT
    if not is_resolved(fit.b_crit):
        return Doubt.BEND_UNRESOLVED
    return None if batch_sizes[0] <= fit.b_crit.value <= batch_sizes[-1] else Doubt.BEND_BEYOND


def range_to(noise: NoiseResults, target: float) -> ScaleRange | None:
    """None where a noise scale on the way to that loss is not resolved."""
    last = first_below(noise, target)
    all_scales = [scale.estimate for step, scale in sorted(noise.scales.items()) if step <= last]
    scales = [scale for scale in all_scales if scale]
    if len(scales) < len(all_scales):
        return None
    values = [scale.value for scale in scales]
    return ScaleRange(min(values), max(values), min(scale.low for scale in scales), max(scale.high for scale in scales))


def first_below(noise: NoiseResults, target: float) -> int:
    """The first step at which the text's loss was at the target or below; the last, if none was."""
    below = [step for step, whole in sorted(noise.whole.items()) if whole.loss <= target]
    return below[0] if below else max(noise.whole)


def compared(bend: Estimate, scale: ScaleRange) -> Outcome:
    """Of two ranges that overlap, they agree where both are narrow."""
    if scale.low > bend.high or scale.high < bend.low:
        return Outcome.FAILS
    narrow = bend.high < TELLING * bend.low and scale.high < TELLING * scale.low
    return Outcome.PARTLY if narrow else Outcome.UNRESOLVED
