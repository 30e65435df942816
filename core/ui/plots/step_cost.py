"""What a step holds in memory."""

from core import charts
from core.experiments.step_cost.results import table_of
from core.ui.charts import LIVE_ALT, draw, spec_of, theme


def draw_memory(
    parts: dict[int, dict[str, int]],
    sizes: tuple[int, ...],
    key: str,
    live: bool,
    by: str = "batch size",
    labelled: float = 0.0,
    **chart,
) -> None:
    """A bar for each size, of its parts in bytes; those above this share of the highest bar carry their sum in MB."""
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
