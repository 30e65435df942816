"""What a batch is, why there are batches, and which size to take: sentences, each with numbers that were measured."""

import numpy as np

from core import charts
from core.experiments.noise.results import NoiseResults
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.spec import FEWEST_ROUNDS
from core.experiments.sweep.results import SweepResults, fit_of
from core.lessons.summary import figures
from core.lessons.summary.evidence import BOTH, RECORDED, YOURS, Evidence, Timed
from core.measure.estimate import Estimate
from core.measure.targets import is_resolved
from core.measure.time_to_target import Soonest
from core.ui.cost_sentences import knee_head, knee_line, largest_line, sizes_named, soonest_line
from core.ui.sentences import between, scale_sentence

number = charts.format_significant

DEFINITION = "A **batch** is the B windows of T tokens that a model reads before it changes its weights once."
ESTIMATE = "The gradient of a batch is the mean over its windows, and so an estimate of the whole text's."

WHERE = {YOURS: "In your runs", RECORDED: "In the recorded runs", BOTH: "In your runs and the recorded ones"}


def noise_at_four_times(noise: NoiseResults, quantity: str) -> Estimate | None:
    """What becomes of the noise when B grows fourfold: 4 to the power of the slope, at the last step."""
    steps = [step for step, of_what in noise.slopes if of_what == quantity]
    if not steps:
        return None
    slope = noise.slopes[max(steps), quantity]
    with np.errstate(over="ignore"):
        return Estimate(*(4.0 ** np.array([slope.slope, slope.low, slope.high])).tolist())


# ---- which one to take


def recommendation(timed: Timed, target: float) -> str:
    """The batch sizes that reach the target first, and whether they fit; or why there are none."""
    found = figures.soonest(timed, target) if np.isfinite(target) else None
    if found is None:
        return "**Which batch size reaches a target first?** Not measured yet: it takes a sweep and a timing of steps."
    if found.num_seeds < 2:
        return "**Which batch size reaches a target first?** Not resolved: the sweep has one seed."
    where = f"**{WHERE[timed.mark]}, {any_of(found.choices)} reaches a validation loss of {target:.2f} nats first.**"
    if found.rivals:
        where += f" They are too close to call with {found.num_seeds} runs."
    return f"{where} {room_sentence(timed.speed, found)} Another text, model or device may have another size."


def any_of(sizes: tuple[int, ...]) -> str:
    return " or ".join(f"B = {size:,}" for size in sizes)


def room_sentence(speed: StepCostResults, found: Soonest) -> str:
    """Whether those fit into the memory that was asked about."""
    answer, budget = speed.largest, charts.format_bytes(speed.spec.budget_bytes or 0)
    if not answer or answer.batch_size is None:
        return "How much of the memory they take: not measured yet."
    too_large = tuple(size for size in found.choices if size > answer.batch_size)
    if too_large:
        return f"But {sizes_named(too_large)} would not fit into {budget}."
    return f"Memory does not forbid it: B = {answer.batch_size:,} still fits into {budget}."


def answer_lines(timed: Timed, target: float) -> list[str]:
    """The way to the target, memory, and the knee, each as its own lesson says it."""
    found = figures.soonest(timed, target) if np.isfinite(target) else None
    return [f"**Time**: {soonest_line(found)}", largest_line(timed.speed), knee_sentence(timed.speed)]


def knee_sentence(speed: StepCostResults) -> str:
    """Where a larger batch begins to cost as much more time as it has more windows."""
    if len(speed.products) < FEWEST_ROUNDS:
        return "**The knee**: not measured yet."
    fit = speed.fit()
    if fit and is_resolved(fit.knee) and fit.knee.value <= max(speed.one_pass):
        return f"{knee_head(fit)} Far beyond it, time grows with B."
    return knee_line(speed, fit)


def unknown_lines(evidence: Evidence, target: float) -> list[str]:
    """What the answer does not know."""
    sweep, noise = evidence.timed.sweep, evidence.of("noise")
    lines = [
        "**No size is the right one everywhere.** These numbers hold for this text, this model, this device and this "
        "target. Change one of them, and measure again.",
        rates_line(sweep, target),
        scale_line(noise, None if evidence.noise_apart else sweep, target),
    ]
    if evidence.apart:
        lines.insert(
            0,
            "**Your sweep and your timing are of different texts or models**, so they make no time to a target. The "
            "recorded ones stand here.",
        )
    return lines


def rates_line(sweep: SweepResults, target: float) -> str:
    num = len(sweep.spec.learning_rates)
    tried = f"**The learning rates are those of a grid of {num}**; what lies between was not run."
    if not np.isfinite(target):
        return tried
    runs = sweep.runs_to(target)
    edges = {sweep.spec.learning_rates[0], sweep.spec.learning_rates[-1]}
    edge = tuple(sorted({int(b) for b, rate in zip(runs["batch_size"], runs["rate"], strict=True) if rate in edges}))
    missed = tuple(sorted({int(b) for b in runs.loc[np.isinf(runs["steps"]), "batch_size"]}))
    if edge:
        tried += f" At {sizes_named(edge)} the edge of the grid reached the target first: a better rate may lie beyond."
    return tried + (f" {sizes_named(missed)} did not reach the target with every seed." if missed else "")


def scale_line(noise: NoiseResults, sweep: SweepResults | None, target: float) -> str:
    """The noise scale beside the bend of the steps, and what neither of them is; by itself where there is no sweep of
    the same text and model."""
    step = figures.last_noise_step(noise)
    scale = noise.scales[step] if step is not None else None
    measured = scale_sentence(scale, noise.spec.race.block_size)
    when = f" After {step:,} steps" if step is not None else ""
    text = f"**The gradient noise scale is a proxy**, from gradients alone.{when}: {measured}"
    if sweep is None:
        return f"{text} It is of another text or model than the sweep, so it is not compared with it."
    fit = fit_of(sweep.runs_to(target)) if np.isfinite(target) else None
    if fit is None or not is_resolved(fit.b_crit):
        return f"{text} The bend of the steps to the target: not resolved."
    bend = fit.b_crit
    text += f" The steps to the target bend at **{between(bend)} windows**."
    estimate = scale.estimate if scale else None
    if estimate is None:
        return text
    apart = estimate.low > bend.high or estimate.high < bend.low
    return (
        f"{text} {'The two disagree' if apart else 'The two intervals overlap'}, and neither knows what a step costs."
    )
