"""The two tables of the summary: batch size in practice, and the strategies. Each cell has its number with a unit, or
says that there is none; plain data, no streamlit."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from core import charts
from core.experiments.parallel.times import exchange_share
from core.lessons.summary import figures
from core.lessons.summary.evidence import LESSONS, Evidence, Lesson, Padding
from core.measure.estimate import Estimate

number = charts.format_significant
NONE = "not measured"


@dataclass(frozen=True)
class Cell:
    value: str  # with its unit
    interval: str = ""  # 95%


@dataclass(frozen=True)
class Head:
    """Of a column or a row: what it has, and where that was measured."""

    text: str
    mark: str = ""  # "yours" or "recorded"; empty where nothing was measured
    lessons: tuple[Lesson, ...] = ()


@dataclass(frozen=True)
class Row:
    head: Head
    cells: tuple[Cell, ...]
    batch_size: int | None = None


@dataclass(frozen=True)
class Table:
    name: str  # for who cannot see it
    corner: str
    columns: tuple[Head, ...]
    rows: tuple[Row, ...]


def cell_of(estimate: Estimate | None, unit: str = "", form: Callable[[float], str] = number) -> Cell:
    """A value with its unit, and its interval; without one where a single value tells none."""
    if estimate is None or not np.isfinite(estimate.value):
        return Cell(NONE)
    unit = f" {unit}" if unit else ""
    if not np.isfinite(estimate.low) or not np.isfinite(estimate.high):
        return Cell(f"{form(estimate.value)}{unit}", "a single value: no interval")
    return Cell(f"{form(estimate.value)}{unit}", f"{form(estimate.low)} to {form(estimate.high)}".replace("-", "−"))


# ---- batch size in practice


def size_table(evidence: Evidence, target: float) -> Table:
    """A row for the small, the medium and the large one of the race's batch sizes."""
    race = evidence.of("race")
    at_equal, _ = race.validation_at_equal("tokens")
    after = f"after {charts.format_count(at_equal)} tokens" if np.isfinite(at_equal) else "at equal tokens"
    timed = evidence.timed
    goal = f"a loss of {target:.2f} nats" if np.isfinite(target) else "a target"
    columns = (
        head_of(evidence, "race", "Updates"),
        head_of(evidence, "race", "Speed"),
        head_of(evidence, "speed", "Memory of a step"),
        head_of(evidence, "race", "Noise of the loss"),
        head_of(evidence, "noise", "Noise of the gradient"),
        head_of(evidence, "race", f"Validation loss {after}"),
        Head(f"Time to {goal}", timed.mark, (LESSONS["sweep"], LESSONS["speed"])),
    )
    rows = [
        Row(Head(f"{name.capitalize()}, B\u00a0=\u00a0{b:,}"), size_cells(evidence, target, b), b)
        for name, b in figures.three_of(race.batch_sizes).items()
    ]
    return Table("Batch size in practice", "Batch size", columns, tuple(rows))


def head_of(evidence: Evidence, name: str, text: str) -> Head:
    return Head(text, evidence.mark(name), (LESSONS[name],))


def size_cells(evidence: Evidence, target: float, b: int) -> tuple[Cell, ...]:
    race, held = evidence.of("race"), figures.step_bytes(evidence.of("speed"), b)
    steps = race.steps[b]
    seconds = figures.seconds_to_target(evidence.timed, target, b) if np.isfinite(target) else None
    return (
        Cell(f"{steps:,} steps" if steps else NONE),
        cell_of(figures.tokens_a_second(race, b), "tokens/s", charts.format_count),
        Cell(charts.format_bytes(held) if held else "not measured at this size"),
        cell_of(figures.loss_noise(race, b), "nats"),
        cell_of(figures.gradient_noise(evidence.of("noise"), b), "× its length"),
        cell_of(figures.validation_loss(race, b), "nats"),
        cell_of(seconds, form=charts.format_seconds),
    )


# ---- the strategies


def strategy_table(evidence: Evidence) -> Table:
    """A row a strategy: what it does, what it changes, what it costs."""
    does = {
        "orders": ("Sampling order", "Decides which windows come next: at random, shuffled, or front to back."),
        "splits": ("Accumulation", "Takes a batch in micro-batches, adds up their gradients, and updates once."),
        "parallel": ("Distributed batch", "Gives each process a part of the batch; all average their gradients."),
        "packing": ("Packing", "Puts several documents into one row, where padding would fill it up."),
    }
    columns = ("What it does", "What it changes", "What it costs")
    cells: dict[str, Callable] = {
        "orders": order_cells, "splits": split_cells, "parallel": rank_cells, "packing": packing_cells,
    }  # fmt: skip
    rows = [
        Row(head_of(evidence, name, title), (Cell(what), *cells[name](evidence.of(name))))
        for name, (title, what) in does.items()
    ]
    return Table("The strategies", "Strategy", tuple(map(Head, columns)), tuple(rows))


def order_cells(orders) -> tuple[Cell, Cell]:
    changed = cell_of(figures.sequential_minus_shuffled(orders), "nats", partial(signed, sign="+"))
    changes = Cell(f"Validation loss, front to back minus shuffled: {changed.value}", changed.interval)
    unread = figures.unread_at_random(orders)
    if unread is None:
        return changes, Cell(f"What random windows leave unread: {NONE}")
    return changes, Cell(
        f"Random windows leave {100 * unread:.1f}% of the text unread, drawn as often as an epoch has windows. The "
        "time of drawing: not measured"
    )


def signed(value: float, sign: str = "") -> str:
    """
    >>> signed(0.5, "+"), signed(-0.25)
    ('+0.500', '−0.250')
    """
    return f"{sign if value > 0 else ''}{number(value)}".replace("-", "−")


def split_cells(splits) -> tuple[Cell, Cell]:
    if (m := figures.split_shown(splits)) is None:
        return Cell(NONE), Cell(NONE)
    size, share = splits.spec.split_size, figures.activation_share(splits, m)
    memory = f"{100 * share:.3g}% of its activations" if share else f"activations: {NONE}"
    gradient = f"The gradient of one go, off by {charts.format_tiny(splits.differences[m])} of its length; {memory}"
    time = cell_of(figures.split_time(splits, m), "times as long as in one pass")
    return Cell(gradient), Cell(f"A batch of {size:,} in parts of {m:,}: {time.value}", time.interval)


def rank_cells(parallel) -> tuple[Cell, Cell]:
    apart = figures.difference_of_ranks(parallel)
    if apart is None:
        return Cell(NONE), Cell(NONE)
    wrong = ", with the mistake that was chosen" if parallel.spec.plan.mistake else ""
    changes = (
        f"The gradient of the whole batch over {parallel.spec.num_ranks} processes, off by "
        f"{charts.format_tiny(apart)} of its length at most{wrong}"
    )
    share = exchange_share(parallel)
    return Cell(changes), Cell(
        f"Waiting and exchange: {100 * share.median:.0f}% of the time of a step",
        f"half of the steps: {100 * share.low:.0f} to {100 * share.high:.0f}%",
    )


def packing_cells(padding: Padding) -> tuple[Cell, Cell]:
    return (
        Cell(f"Padding: {100 * padding.packed:.1f}% of the slots instead of {100 * padding.padded:.1f}%"),
        Cell(
            f"Cuts {padding.cut:,} of {charts.counted(padding.num_documents, 'document')}; laid end to end, "
            f"{padding.cut_end_to_end:,}. The time that it saves: not measured on this page"
        ),
    )
