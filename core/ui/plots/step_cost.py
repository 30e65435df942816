"""What a step holds and takes, in one pass and in micro-batches."""

from core import charts
from core.experiments.step_cost.results import StepCostResults, table_of
from core.ui.charts import LIVE_ALT, above_chart, draw, spec_of, theme
from core.ui.experiment import View
from core.ui.points import draw_points


def show_memory(view: View, by: str = "batch size") -> list[str]:
    """A bar for each batch size; or micro-batch size: of a batch in parts, a step holds the activations of one."""
    cost: StepCostResults = view.results
    lasting = {b: {**cost.state_bytes, "activations": kept} for b, kept in cost.activation_bytes.items()}
    above_chart("**What a step holds in memory**, part by part; but for what is there for a moment only.")
    return [draw_memory(lasting, cost.spec.batch_sizes, "claim_memory", view.live, by, x_title=f"{by} (windows)")]


def draw_memory(
    parts: dict[int, dict[str, int]],
    sizes: tuple[int, ...],
    key: str,
    live: bool,
    by: str = "batch size",
    labelled: float = 0.0,
    **chart,
) -> str:
    """A bar for each size, of its parts in bytes; those above this share of the highest bar carry their sum in MB.
    Returns it as a sentence."""
    table = table_of(parts, "batch_size")
    totals = table.groupby("batch_size")["high"].max().reset_index(name="megabytes")
    totals["label"] = [charts.format_significant(total) for total in totals["megabytes"]]
    totals.loc[totals["megabytes"] <= labelled * totals["megabytes"].max(), "label"] = ""
    sentence = charts.describe_memory(table, by)
    draw(
        spec_of(charts.memory_chart, sizes, theme(), **chart),
        key,
        f"Memory by {by}: {LIVE_ALT}" if live else sentence,
        memory=table,
        total=totals,
    )
    return sentence


def show_splits(view: View) -> list[str]:
    cost: StepCostResults = view.results
    size = cost.spec.split_size
    known = {m: seconds for m, seconds in cost.by_micro_batch().items() if len(seconds) > 1}
    above_chart(f"**Seconds of one update from {size:,} windows**, by how many of them go through the model at once.")
    return [
        draw_points(
            known,
            (*cost.spec.micro_batch_sizes, size),
            "claim_splits",
            "seconds of one update",
            view.live,
            x_title="micro-batch size (windows)",
        )
    ]
