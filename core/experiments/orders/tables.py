"""A race of orders as tables: a row for each step of each run."""

from collections.abc import Iterator

import pandas as pd

from core.experiments.orders.results import OrdersResults
from core.experiments.race import tables as race
from core.experiments.race.results import losses_of
from core.experiments.results import Read
from core.experiments.tables import MINUS, NUMBER, ORDER, Column, Figure, Tables, exact, table_of
from core.measure.comparison import difference_of, mean_of

COLUMNS = (ORDER, *race.COLUMNS)
FOUND = (
    race.LOSS_NOISE,
    race.FINAL_VAL_LOSS,
    race.DIFFERENCE,
    MINUS,
    Column(
        "block_noise_ratio", NUMBER, "none",
        "How far the means of some losses in a row jump, over how far they would if losses were independent of each "
        "other: above 1 there are slow waves.",
    ),
    Column(
        "change_at_epoch_end", NUMBER, "nats per token",
        "Mean training loss of the first steps after an epoch's worth of windows minus that of as many before; paired "
        "over the seeds, t interval.",
    ),
    race.DIVERGED_AT,
)  # fmt: skip
PAIRS = (("random", "shuffled"), ("sequential", "shuffled"), ("sequential", "random"))


def records(results: OrdersResults, read: Read) -> Iterator[pd.DataFrame]:
    """One order after another, each as a race's batch size."""
    size = results.spec.batch_size
    for order, curves in results.curves.items():
        for steps, losses in race.joined(losses_of(read, size, order=order)):
            yield table_of(COLUMNS, {"order": order} | race.columns_of(curves, size, steps, losses))


def figures(results: OrdersResults) -> Iterator[Figure]:
    for order, noise in results.noise.items():
        yield Figure("loss_noise", noise.estimate, {"order": order})
    for order in results.waves:
        if wave := results.wave(order):
            yield Figure("block_noise_ratio", wave, {"order": order})
    tokens, losses = results.losses_at_equal()
    for order, values in losses.items():
        yield Figure(race.FINAL_VAL_LOSS.name, mean_of(values), {"order": order, "tokens_seen": int(tokens)})
    for order, other in PAIRS:
        if order in losses and other in losses:
            at: dict[str, int | float | str] = {"order": order, "minus": other, "tokens_seen": int(tokens)}
            yield Figure("val_loss_difference", difference_of(losses[order], losses[other]), at)
    for order, (before, after) in results.edges.items():
        yield Figure("change_at_epoch_end", difference_of(after, before), {"order": order})
    for order, curves in results.curves.items():
        for gone in curves.divergences:
            yield Figure("diverged_at", exact(gone.step), {"order": order, "seed": gone.seed})


TABLES = Tables(COLUMNS, records, FOUND, figures)
