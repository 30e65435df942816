"""Data parallel training in sentences: the proof, the mistakes, where the time goes, and a model that is split."""

from collections.abc import Sequence

from core import charts, strategies
from core.experiments.parallel.messages import Step
from core.experiments.parallel.results import ParallelResults
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.parallel.times import ExchangeShare, rank_seconds
from core.lessons.distribute_the_batch.split import Split
from core.settings.declared import RANK_MISTAKES
from core.ui.sentences import model_size, source_title

number = charts.format_significant
ROUNDING = 1e-4  # a difference below this share is what float32 leaves between two ways of adding up
WHERE = {"gloo": "on the processor, one core each if there are enough", "nccl": "on a GPU each"}  # by the backend


def summary_of(spec: ParallelSpec) -> str:
    """What was trained, for the case that the choices have changed since."""
    race, plan = spec.race, spec.plan
    return (
        f"This training: {source_title(race.source)}; T = {race.block_size}; {model_size(race)}; "
        f"B = {plan.micro_batch_size} × {plan.accumulation_steps} × {spec.num_ranks} = "
        f"{spec.batch_size} windows, {plan.targets} targets; mistake: {RANK_MISTAKES[plan.mistake]}; "
        f"{plan.num_steps} steps."
    )


def answer_sentence(results: ParallelResults, share: ExchangeShare) -> str:
    """Whether the ranks' average is the large batch's gradient, and what of a step is not computing."""
    return f"{mistake_sentence(results)} {short_time_sentence(share)}"


def short_time_sentence(share: ExchangeShare) -> str:
    return (
        f"Waiting and exchange take **{100 * share.median:.0f}%** of a step's time (in half of the steps "
        f"{100 * share.low:.0f} to {100 * share.high:.0f}%)."
    )


def time_sentence(results: ParallelResults) -> str:
    """Where the ranks trained, which step is shown, and what is exchanged."""
    bytes_sent = 4 * results.started.num_parameters if results.started else 0
    return (
        f"The ranks trained {WHERE[results.ranks.backend]}. The chart shows the step whose share of waiting and "
        f"exchange is the median. Each rank exchanges its whole gradient, {charts.format_bytes(bytes_sent)}, once a "
        "step, whatever its part of the batch: more micro-batches for each exchange make it cheaper."
    )


# ---- the proof, and the mistakes


def mistake_sentence(results: ParallelResults) -> str:
    """What theory says of it, and what was measured in the first step, where all ranks still have the same weights."""
    spec, first_step = results.spec, results.steps[0]
    targets = [rank.num_targets for rank in first_step.ranks]
    difference, whole_norm = first_step.difference or 0.0, first_step.whole_norm or 1.0  # the first step has both
    match spec.plan.mistake:
        case "":
            return proof_sentence(results)
        case strategies.SAME_SEED:
            return same_seed_sentence(spec, difference)
        case strategies.MEAN_OF_MEANS:
            return mean_of_means_sentence(targets, difference)
        case _:
            return summed_sentence(targets, first_step.norm / whole_norm)


def proof_sentence(results: ParallelResults) -> str:
    """How far the average and the large batch's gradient are apart, in the last step in which both were taken."""
    step = last_compared(results)
    ranks = charts.counted(results.spec.num_ranks, "rank")
    rounding = ", which is float32 rounding" if (step.difference or 0.0) < ROUNDING else ""
    weights = (
        "their weights stay equal" if step.apart == 0 else f"their weights differ by {charts.format_tiny(step.apart)}"
    )
    return (
        f"**The same gradient**: the average over {ranks} differs from that of one process with the whole batch by "
        f"{charts.format_tiny(step.difference or 0.0)} of its length in step {step.step}{rounding}; {weights}."
    )


def last_compared(results: ParallelResults) -> Step:
    """The last step in which the large batch's gradient was taken too; there is one, the first."""
    return next(step for step in reversed(results.steps) if step.difference is not None)


def same_seed_sentence(spec: ParallelSpec, difference: float) -> str:
    """`difference`, here and below: how far the gradient is off, over the length of the right one."""
    return (
        f"**All ranks take the same rows:** {spec.num_ranks} ranks do the work of one, and the effective batch is "
        f"{spec.plan.batch_size(1)} windows, not {spec.batch_size}. In step 1 the gradient is off by "
        f"**{number(100 * difference)}%**."
    )


def mean_of_means_sentence(targets: Sequence[int], difference: float) -> str:
    """`targets`: how many target tokens each rank has."""
    few, many = min(targets), max(targets)
    even = " Here all have the same number, so nothing is wrong: choose uneven targets." if few == many else ""
    return (
        f"**A mean of means:** a token of the rank with {few} targets weighs {number(many / few)} times as much as one "
        f"of the rank with {many}. In step 1 the gradient is off by **{number(100 * difference)}%**.{even}"
    )


def summed_sentence(targets: Sequence[int], times: float) -> str:
    """`times`: how many times as long as the right gradient the averaged one is."""
    return (
        f"**A summed loss:** the average of sums is N / W = {number(sum(targets) / len(targets))} times as long as it "
        f"should be (theory); measured in step 1: **{number(times)} times**. It grows with the batch, so the learning "
        "rate would have to shrink with it; AdamW and clipping hide it."
    )


# ---- when the model itself does not fit


def split_sentence(split: Split, device_gb: float) -> str:
    """What a device holds of a model that is split, whether that fits, and how long the pipeline is idle."""
    fits = "fits" if split.device_bytes <= 1e9 * device_gb else "does **not** fit"
    return (
        f"Weights, gradients and AdamW's averages of {split.num_parameters / 1e9:g} billion parameters take "
        f"**{charts.format_bytes(split.whole_bytes)}** (computed: 16 bytes each). Data parallel keeps all of that on "
        f"every device. Split {split.tensor_parts} × {split.pipeline_stages}, a device holds "
        f"**{charts.format_bytes(split.device_bytes)}**, which {fits} into {device_gb:g} GB, activations not counted. "
        f"The pipeline is idle for **{100 * split.idle_share:.0f}%** of its time: (p − 1) / (M + p − 1)."
    )


def timetable_sentence(split: Split) -> str:
    """The chart of the pipeline in a sentence."""
    p, M = split.pipeline_stages, split.micro_batches
    return (
        f"Timetable of a pipeline with {p} stages and {M} micro-batches: {2 * (M + p - 1)} slots, of which each device "
        f"works in {2 * M}."
    )


def times_of(results: ParallelResults, share: ExchangeShare, rank: int) -> dict[str, str]:
    """What the chart of the times shows of one rank, as a row of a table."""
    seconds = rank_seconds(results, share.median_step)
    named = zip(charts.STAGES_OF_TIME, seconds.values(), strict=True)
    return {"rank": f"{rank}"} | {stage: charts.format_seconds(float(each[rank])) for stage, each in named}
