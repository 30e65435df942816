"""The largest batch whose step fits into a budget: the answer from the line, and then the truth."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from core.experiments.step_cost.messages import Largest
from core.measure.memory import largest_batch, line_through

MAX_TRIES = 6  # of batch sizes around the one that the line says


def find_largest(
    peaks: Mapping[int, int],
    state_bytes: int,
    budget_bytes: int,
    held: Callable[[int], int | None],
    why_not: Callable[[int], str],
) -> Largest:
    """Sizes are tried until one fits and the next does not. Each try begins anew from what the last one held, for the
    line need not be straight so far out.

    peaks: the most that a step holds beyond `state_bytes`, by batch size.
    held: all that a step of that batch size holds, when it is tried; None where the memory does not suffice.
    why_not: why a batch of that size cannot be tried; empty if it can.
    """
    if len(peaks) < 2:
        return Largest(why_not="the most that a step holds was told at fewer than two batch sizes")
    batch_size = largest_batch(peaks, budget_bytes - state_bytes)
    if batch_size < 1:
        return Largest(why_not="not even one window fits")
    expected = line_through(peaks, batch_size)
    found = Largest(batch_size=batch_size, predicted=state_bytes + expected)
    slope = line_through(peaks, batch_size + 1) - expected
    known: dict[int, int] = {}
    for _ in range(MAX_TRIES):
        for size in (batch_size, batch_size + 1):
            if size not in known:
                if reason := why_not(size):
                    return replace(found, why_not=reason)
                tried = held(size)
                if tried is None:
                    return replace(found, why_not="it was tried, and the memory did not suffice")
                known[size] = tried
        here, beyond = known[batch_size], known[batch_size + 1]
        if here <= budget_bytes < beyond:
            return replace(found, batch_size=batch_size, measured=here, measured_next=beyond)
        batch_size += int((budget_bytes - here) // slope) or 1  # rounded down: at least one back where it does not fit
        if batch_size < 1:
            return replace(found, batch_size=None, why_not="not even one window fits")
    return replace(found, why_not=f"{MAX_TRIES} sizes around it were tried, and none was the last that fits")
