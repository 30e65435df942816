"""What the charts of a batch's cost show, as rows of tables."""

import numpy as np

from core import charts
from core.experiments.step_cost.results import StepCostResults
from core.ui.sentences import mean_text


def numbers_of(found: StepCostResults, batch_size: int) -> dict[str, str]:
    """What a step of one batch size takes and needs, as a row of a table."""
    T, seconds = found.spec.race.block_size, found.one_pass.get(batch_size, np.empty(0))
    parts = found.by_batch_size().get(batch_size, {})
    timed = len(seconds) > 1
    return {
        "batch size": f"{batch_size:,}",
        "milliseconds a step": mean_text(1e3 * seconds) if timed else charts.NOT_MEASURED,
        "thousand tokens a second": mean_text(1e-3 * T * batch_size / seconds) if timed else charts.NOT_MEASURED,
        **memory_numbers(parts),
    }


def memory_numbers(parts: dict[str, int]) -> dict[str, str]:
    """Each part of what a step needs, and all of them."""
    sizes = {name: charts.format_bytes(size) for name, size in parts.items()}
    return sizes | ({"in all": charts.format_bytes(sum(parts.values()))} if parts else {})


def split_numbers(found: StepCostResults, micro_batch_size: int) -> dict[str, str]:
    """The same windows, so many at once."""
    seconds = found.by_micro_batch().get(micro_batch_size, np.empty(0))
    taken = mean_text(1e3 * seconds) if len(seconds) > 1 else charts.NOT_MEASURED
    return {"windows at once": f"{micro_batch_size:,}", f"milliseconds for {found.spec.split_size:,} windows": taken}
