"""What a batch costs, in sentences: from what was measured, with what is not known."""

import numpy as np

from core import charts
from core.experiments.step_cost.results import StepCostResults, best_of
from core.experiments.step_cost.spec import FEWEST_ROUNDS
from core.measure.comparison import ratio_of
from core.measure.step_time import StepTimeFit, fit_step_time
from core.measure.targets import is_resolved
from core.ui.cost_sentences import knee_line, largest_line, sizes_named
from core.ui.sentences import between, interval, model_size, source_title, with_interval

number = charts.format_significant


def summary_of(found: StepCostResults) -> str:
    """What was measured and on what, for the case that the choices have changed since."""
    race, started = found.spec.race, found.started
    device = ""
    if started:
        threads = f", {charts.counted(started.num_threads, 'thread')} for training"
        device = f" Device: {started.device_name}{threads if started.device == 'cpu' else ''}."
    return (
        f"Measured with T = {race.block_size}; {model_size(race)}; "
        f"{source_title(race.source)}, tokens by {race.tokenizer}; one run, each batch in one pass, a plain step of "
        f"torch.{device} Points: geometric mean over the rounds, in which all sizes take turns, with its 95% t "
        "interval. It is of this session; another start may differ by more."
    )


def answer_sentence(found: StepCostResults) -> str:
    """What a step takes and where a larger batch stops paying off, and what fits into memory."""
    if len(found.products) < FEWEST_ROUNDS:
        return "What a step takes shows after the first rounds."
    fit, speeds = found.fit(), found.windows_a_second()
    best = best_of(speeds)
    tied = f" (tied with {sizes_named(best.rivals)})" if best.rivals else ""
    most = f"the most tokens a second come at **B = {best.option:,}**{tied}"
    memory = ""
    if found.largest and found.largest.batch_size:
        budget = charts.format_bytes(found.spec.budget_bytes or 0)
        memory = f" **B = {found.largest.batch_size:,}** fits into {budget} of memory."
    if fit is None or not is_resolved(fit.knee) or fit.knee.value > max(found.one_pass):
        return f"Where a larger batch stops paying off is not resolved; {most}.{memory}"
    fixed, each = fit.step_seconds.scaled(1e3), fit.window_seconds.scaled(1e3)
    return (
        f"A step takes **{number(fixed.value)} ms** (95% interval {interval(fixed)}) whatever the batch, and "
        f"**{number(each.value)} ms** ({interval(each)}) for each window. The two are equal at the knee, "
        f"**B = {number(fit.knee.value)}** ({interval(fit.knee)}); {most}.{memory}"
    )


def time_lines(found: StepCostResults, fit: StepTimeFit | None) -> list[str]:
    if len(found.products) < FEWEST_ROUNDS:
        return ["The first rounds are running."]
    speeds = found.windows_a_second()
    best = best_of(speeds)
    smallest = min(speeds)
    gain = between(ratio_of(speeds[best.option], speeds[smallest]))
    rivals = f" (tied with {sizes_named(best.rivals)})" if best.rivals else ""
    return [
        knee_line(found, fit),
        f"**The most tokens a second come at B = {best.option:,}**{rivals}: {gain} times as many as at B = {smallest}.",
        product_line(found, best.option),
    ]


def product_line(found: StepCostResults, batch_size: int) -> str:
    """How much of what the device can do a step of that size does."""
    share = between(found.product_share(batch_size).scaled(100))
    usual, fastest = (
        charts.format_significant(float(np.median(rates)) / 1e9) for rates in (found.products, found.fastest_products)
    )
    by = other = ""
    threads = " on the same threads" if found.started.device == "cpu" else ""
    if found.fastest_products is found.onednn_products:
        by = f" by oneDNN; torch's default library, which this step uses, reaches {usual}"
        other = " they are made by the slower library;"
    return (
        f"**Its matrix products run at {share}% of the rate of one large product**, {fastest} billion operations a "
        f"second{by}. Both were measured in the same rounds{threads}. (Products inside attention are not counted.) "
        "What takes the rest is not measured here: a step's products are small, and small ones are slower;"
        f"{other} and a step does more than products: norms, GELU, AdamW, moving memory, Python."
    )


def replayed_line(step_seconds: dict[int, float]) -> str:
    """What a step takes in a race on the same GPU, by batch size, where no operation waits for Python."""
    sizes = sorted(step_seconds)
    fit = fit_step_time(np.array(sizes), np.array([step_seconds[b] for b in sizes]))
    times = " and ".join(f"{number(1e3 * step_seconds[b])} ms at B = {b:,}" for b in (sizes[0], sizes[-1]))
    knee = f" The knee of these times lies at B = {with_interval(fit.knee)}." if fit and is_resolved(fit.knee) else ""
    return (
        "**Without Python.** A plain step calls one operation after the other. In the race that was recorded on "
        "this GPU, the app captured a step once and replayed it: one run alone then takes "
        f"{times}.{knee}"
    )


# ---- one by one, in a loop, in one pass


def vectorised_lines(found: StepCostResults) -> list[str]:
    taken, B = found.by_micro_batch(), found.spec.split_size
    if {1, B} - taken.keys():
        refused = found.no_memory and found.no_memory.batch_size <= B
        return [f"{B} windows at once did not fit into memory." if refused else "Nothing measured yet."]
    if len(taken[B]) < FEWEST_ROUNDS:
        return ["The first rounds are running."]
    lines = [
        f"The gradient is the same each time except for rounding, and so is the update. **One by one it takes "
        f"{between(ratio_of(taken[1], taken[B]))} times as long as in one pass.** The multiplications are the same, "
        "but each window alone calls every small operation again, and its gradient must be added to the others."
    ]
    best = best_of({m: 1 / seconds for m, seconds in taken.items()})
    if best.option != B and B not in best.rivals:
        lines.append(
            f"**{best.option} at once is still faster than {B} at once**: {B} takes "
            f"{between(ratio_of(taken[B], taken[best.option]))} times as long. Perhaps what a smaller pass keeps stays "
            "in the processor's caches; this page does not measure why."
        )
    return lines


# ---- memory


def memory_lines(found: StepCostResults) -> list[str]:
    line = found.line()
    if not found.started or line is None:
        return ["Nothing counted yet."]
    intercept, slope = line
    T = found.spec.race.block_size
    state = sum(found.state_bytes.values())
    sign = "" if intercept >= 0 else "minus "
    a_window, a_token = charts.format_bytes(slope), charts.format_bytes(slope / T)
    lines = [
        f"**Whatever the batch: {charts.format_bytes(state)}**, {number(state / found.started.num_parameters)} "
        "bytes a parameter: the weights, a gradient for each, and the two averages that AdamW keeps.",
        f"**Each extra window: {a_window}** of activations, {a_token} a token: "
        "what the forward pass keeps because the backward pass needs it, counted to the byte. The line through them "
        f"meets B = 0 at {sign}{charts.format_bytes(abs(intercept))}. “Temporary” memory is needed only for a "
        "moment; the chart shows the most of it.",
        *block_lines(found),
    ]
    if found.no_memory:
        size = found.no_memory.batch_size
        how = (
            "ran out of memory"
            if found.no_memory.tried
            else "was expected to need most of the free memory, and was not tried"
        )
        lines.append(f"**B = {size:,} {how}**, so larger batches are missing.")
    return [*lines, largest_line(found)] if found.spec.budget_bytes else lines


def block_lines(found: StepCostResults) -> list[str]:
    rows = {t: parts["activations"] for t, parts in found.by_block_size().items()}
    if len(rows) < 2:
        return []
    each = {t: size / ((found.size_of_blocks or 1) * t) for t, size in rows.items()}
    low, high, longest = min(each.values()), max(each.values()), max(each)
    race = found.spec.race
    table = 4 * race.n_head * race.n_layer * longest  # bytes a token, if attention kept who looks at whom, in float32
    if high > 1.02 * low:
        said = ", ".join(f"T = {t}: {charts.format_bytes(size)}" for t, size in each.items())
        return [f"**A token's share depends on T**: {said}."]
    kept = ""
    if table > 0.1 * low:
        kept = (
            f" So attention keeps no T × T table of which token looks at which: at T = {longest} it would add "
            f"{charts.format_bytes(table)} to each token."
        )
    return [
        f"**A window twice as long takes twice as much**: {charts.format_bytes(low)} a token at every T from "
        f"{min(rows)} to {longest}.{kept}"
    ]


# ---- time to a target


def target_line(target: float, sweep_note: str, missing: list[int]) -> str:
    """What the time to a target is made of; `missing` are batch sizes without one."""
    source = f" ({sweep_note})" if sweep_note else ""
    return (
        f"**Steps to a validation loss of {target:.2f} nats × time of a step = time to it.** Larger batches need fewer "
        f"steps, and longer ones. The steps are those of the sweep in **Tune the rate**{source}, each batch size at "
        "its best rate. The product is calculated, not run; its intervals are over the seeds, and do not include how "
        "the rate was chosen."
        + (f" Left out, since steps or a time are missing: {sizes_named(tuple(missing))}." if missing else "")
    )
