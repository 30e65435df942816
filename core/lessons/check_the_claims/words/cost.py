"""Verdicts on the cost of a step."""

from core import charts
from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.cost import AccumulationVerdict, MemoryVerdict
from core.lessons.check_the_claims.words.numbers import number, of_each, size_of
from core.ui.sentences import brief, with_interval


def memory_headline(verdict: MemoryVerdict) -> str:
    times_the_batch = max(verdict.activations) / min(verdict.activations)
    return f"{number(times_the_batch)} times the batch, {number(times_the_memory(verdict))} times the memory"


def memory_reason(verdict: MemoryVerdict) -> str:
    if verdict.outcome == Outcome.HOLDS:
        times = number(times_the_memory(verdict))
        return f"More than nine tenths of it are activations, and they grow with B: {times} times as much."
    return (
        f"Only activations shrink with B; {100 * verdict.held_share:.0f}% of the memory at "
        f"B = {min(verdict.activations)} is needed at any B."
    )


def memory_facts(verdict: MemoryVerdict) -> list[str]:
    parts = ", ".join(f"{name} {size_of(size)}" for name, size in verdict.state.items())
    intercept, slope = verdict.line
    times_the_batch = max(verdict.activations) / min(verdict.activations)
    return [
        f"Whatever the batch size: {size_of(verdict.held)} ({parts}), "
        f"{number(verdict.held / verdict.num_parameters)} bytes a parameter.",
        f"Activations, kept for backward: {of_each(verdict.activations, size_of)}. They lie within "
        f"{100 * verdict.off_line:.2f}% of a straight line: {size_of(intercept)}, and {size_of(slope)} for each window "
        f"of {verdict.block_size} tokens.",
        f"In all: {of_each(verdict.total, size_of)}. {number(times_the_batch)} times the batch, "
        f"{number(times_the_memory(verdict))} times the memory.",
    ]


def times_the_memory(verdict: MemoryVerdict) -> float:
    """The largest batch size's over the smallest's."""
    return verdict.total[max(verdict.total)] / verdict.total[min(verdict.total)]


def accumulation_headline(verdict: AccumulationVerdict) -> str:
    each = [f"micro-batches of {m} × {brief(ratio)}" for m, ratio in verdict.ratios.items()]
    return f"time over one pass: {', '.join(each)}"


def accumulation_reason(verdict: AccumulationVerdict) -> str:
    match verdict.outcome:
        case Outcome.HOLDS:
            return "On this device every split was faster than one pass, perhaps because small parts fit its caches."
        case Outcome.PARTLY:
            return (
                f"Micro-batches of {verdict.faster[-1]} were faster than one pass on this device, perhaps because they "
                "fit its caches; not all sizes were."
            )
        case Outcome.FAILS:
            same = "The same gradient" if verdict.same_gradient else "Nearly the same gradient"
            return f"{same}, in more time: it saves memory, not time."
    return "No split was faster; some are too close to one pass to call."


def accumulation_facts(verdict: AccumulationVerdict) -> list[str]:
    large = verdict.batch_size
    return [
        f"In one pass a step at B = {large} takes {charts.format_seconds(verdict.seconds)}.",
        *(
            f"In {large // m} micro-batches of {m} it takes {with_interval(ratio)} times as long, needs "
            f"{100 * verdict.memory_shares[m]:.2g}% of the activation memory, and its gradient differs by "
            f"{charts.format_tiny(verdict.differences[m])} of its norm."
            for m, ratio in verdict.ratios.items()
        ),
    ]
