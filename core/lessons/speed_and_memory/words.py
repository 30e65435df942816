"""What a batch costs, in sentences: from what was measured, with what it does not tell."""

import numpy as np

from core import charts
from core.experiments.step_cost.results import StepCostResults, best_of
from core.experiments.step_cost.spec import FEWEST_ROUNDS
from core.measure.comparison import ratio_of
from core.measure.step_time import StepTimeFit, fit_step_time
from core.measure.targets import is_resolved
from core.ui.cost_sentences import between, knee_line, largest_line, sizes_named
from core.ui.sentences import model_size, source_title, with_interval

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
        f"{source_title(race.source)}, tokens by {race.tokenizer}; one run, each batch in one go, a plain step of "
        f"torch.{device} Points: geometric mean over the rounds, in which all sizes take turns, with its 95% t "
        "interval. It is of this session; another start may differ by more."
    )


def time_lines(found: StepCostResults, fit: StepTimeFit | None) -> list[str]:
    if len(found.products) < FEWEST_ROUNDS:
        return ["The first rounds are under way."]
    speeds = found.windows_a_second()
    best = best_of(speeds)
    smallest = min(speeds)
    gain = between(ratio_of(speeds[best.option], speeds[smallest]))
    rivals = f"; these rounds cannot tell it from {sizes_named(best.rivals)}" if best.rivals else ""
    return [
        knee_line(found, fit),
        f"**The most tokens a second at B = {best.option:,}**{rivals}: {gain} times as many as at B = {smallest}.",
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
        by = f" by oneDNN; the library that torch takes by itself, and so this step, reaches {usual}"
        other = " they are made by the slower library;"
    return (
        f"**Its matrix products run at {share}% of the rate of one large product**, {fastest} billion operations a "
        f"second{by}. Both were taken in the same rounds{threads}. (Products inside attention are not counted.) What "
        "takes the rest is not measured here: a step's products are small, and small ones are slower;"
        f"{other} and there is all that is no product: norms, GELU, AdamW, moving memory, Python."
    )


def replayed_line(step_seconds: dict[int, float]) -> str:
    """What a step takes in a race on the same GPU, by batch size, where no operation waits for Python."""
    sizes = sorted(step_seconds)
    fit = fit_step_time(np.array(sizes), np.array([step_seconds[b] for b in sizes]))
    times = " and ".join(f"{number(1e3 * step_seconds[b])} ms at B = {b:,}" for b in (sizes[0], sizes[-1]))
    knee = f" The knee of these times lies at B = {with_interval(fit.knee)}." if fit and is_resolved(fit.knee) else ""
    return (
        "**Without Python.** A plain step asks for one operation after the other. In the race that was recorded on "
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
        return ["The first rounds are under way."]
    lines = [
        f"The gradient is the same each time but for rounding, and so is the update. **One by one it takes "
        f"{between(ratio_of(taken[1], taken[B]))} times as long as in one go.** The multiplications are the same; but "
        f"each window alone asks for every small operation again, and leaves a gradient of its own to be added up."
    ]
    best = best_of({m: 1 / seconds for m, seconds in taken.items()})
    if best.option != B and B not in best.rivals:
        lines.append(
            f"**{best.option} at once is still faster than {B} at once**, {B} takes "
            f"{between(ratio_of(taken[B], taken[best.option]))} times as long: perhaps what a smaller pass keeps stays "
            "in the processor's caches. This page does not measure why."
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
    lines = [
        f"**Whatever the batch: {charts.format_bytes(state)}**, {number(state / found.started.num_parameters)} "
        "bytes a parameter: the weights, a gradient for each, and the two averages that AdamW keeps.",
        f"**Each window more: {charts.format_bytes(slope)}** of activations, {charts.format_bytes(slope / T)} a token: "
        "what forward leaves behind because backward will need it, counted to the byte. The line through them meets "
        f"B = 0 at {sign}{charts.format_bytes(abs(intercept))}. “Passing” is what is there only for a moment, at the "
        "worst one.",
        *block_lines(found),
    ]
    if found.no_memory:
        size = found.no_memory.batch_size
        how = (
            "did not find its memory"
            if found.no_memory.tried
            else "was expected to need most of the memory that is free, and not tried"
        )
        lines.append(f"**B = {size:,} {how}**; so larger batches are not here.")
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
            f" So attention keeps no table of who looks at whom, T × T: at T = {longest} it would add "
            f"{charts.format_bytes(table)} to each token."
        )
    return [
        f"**A window twice as long takes twice as much**: {charts.format_bytes(low)} a token at every T from "
        f"{min(rows)} to {longest}.{kept}"
    ]


# ---- time to a target


def target_line(target: float, sweep_note: str, missing: list[int]) -> str:
    """What the time to a target is made of; `missing` are batch sizes that it cannot be told for."""
    source = f" ({sweep_note})" if sweep_note else ""
    return (
        f"**Steps to a validation loss of {target:.2f} nats × time of a step = time to it.** Larger batches need fewer "
        f"steps, and longer ones. The steps are those of the sweep in **Tune the rate**{source}, each batch size at "
        "its best rate. The product is calculated, not run; its bars are over the seeds, and know nothing of how the "
        "rate was chosen."
        + (f" Left out, since steps or a time are missing: {sizes_named(tuple(missing))}." if missing else "")
    )
