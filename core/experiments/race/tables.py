"""A race as tables: a row for each step of each run. Shapes: R replicas (seeds), E validations."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from core.experiments.race.messages import Losses
from core.experiments.race.results import RaceResults, losses_of
from core.experiments.results import Read
from core.experiments.tables import (
    BATCH_SIZE,
    LOSS,
    NUMBER,
    ROWS_AT_ONCE,
    SEED,
    STEP,
    TOKENS_SEEN,
    TRAIN_PART_LOSS,
    VAL_LOSS,
    WHOLE,
    Column,
    Figure,
    Tables,
    exact,
    table_of,
)
from core.measure.comparison import difference_of, lead_of, mean_of

COLUMNS = (BATCH_SIZE, SEED, STEP, TOKENS_SEEN, LOSS, VAL_LOSS, TRAIN_PART_LOSS)
LOSS_NOISE = Column(
    "loss_noise", NUMBER, "nats per token",
    "Standard deviation of the training loss from step to step, by second differences, all seeds pooled; chi-squared "
    "interval.",
)  # fmt: skip
FINAL_VAL_LOSS = Column(
    "val_loss_at_equal_tokens", NUMBER, "nats per token",
    "Mean validation loss of the seeds at the most tokens that all of what is compared has been validated after; "
    "t interval. What has a run that diverged is left out.",
)  # fmt: skip
DIFFERENCE = Column(
    "val_loss_difference", NUMBER, "nats per token",
    "A difference of these, paired over the seeds; t interval.",
)  # fmt: skip
DIVERGED_AT = Column("diverged_at", NUMBER, "steps", "The step at which a run diverged, and ended.")
FOUND = (
    LOSS_NOISE,
    FINAL_VAL_LOSS,
    DIFFERENCE,
    Column("minus_batch_size", WHOLE, "windows", "The batch size whose mean is subtracted: that of the lowest loss."),
    Column("step_seconds", NUMBER, "seconds", "An optimizer step of one run alone: the median of some probes."),
    DIVERGED_AT,
)


# ---- the records


def records(results: RaceResults, read: Read) -> Iterator[pd.DataFrame]:
    """One batch size after another; of each, step by step, the seeds of a step together. A turn's seeds come together,
    those of the next turn after them."""
    for batch_size in results.batch_sizes:
        for steps, losses in joined(losses_of(read, batch_size)):
            yield table_of(COLUMNS, columns_of(results, batch_size, steps, losses))


def joined(messages: Iterable[Losses]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(steps, losses), (n,) and (n, R), of several messages together; before step 1 also a step 0, without losses."""
    steps: list[np.ndarray] = []
    parts: list[np.ndarray] = []
    num_losses = 0
    for message in messages:
        losses, first = message.losses, message.step
        if first == 1:
            losses, first = np.vstack([np.full_like(losses[:1], np.nan), losses]), 0
        steps.append(first + np.arange(len(losses)))
        parts.append(losses)
        num_losses += losses.size
        if num_losses >= ROWS_AT_ONCE:
            yield np.concatenate(steps), np.concatenate(parts)
            steps, parts, num_losses = [], [], 0
    if parts:
        yield np.concatenate(steps), np.concatenate(parts)


def columns_of(results: RaceResults, batch_size: int, steps: np.ndarray, losses: np.ndarray) -> dict[str, np.ndarray]:
    """A row for each loss that there is, and for step 0 of these runs."""
    has = np.isfinite(losses)
    has[:-1] |= (steps[:-1] == 0)[:, None] & has[1:]
    place, seed = np.nonzero(has)
    validated, *both = results.evaluations(batch_size)
    val, train = (at_steps(validated, values, steps)[has] for values in both)
    return {
        "batch_size": np.full(len(place), batch_size),
        "seed": np.array(results.spec.train.seeds)[seed],
        "step": steps[place],
        "tokens_seen": results.x_of("tokens", batch_size, steps[place]),
        "loss": losses[has],
        "val_loss": val,
        "train_part_loss": train,
    }


def at_steps(validated: np.ndarray, values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The values (E, R) that were taken after the ascending steps `validated` (E,), in the rows of `steps` (n,):
    (n, R), NaN where there is none.

    >>> at_steps(np.array([0, 2]), np.array([[4.0], [3.0]]), np.array([1, 2]))
    array([[nan],
           [ 3.]])
    """
    found = np.full((len(steps), values.shape[1]), np.nan)
    if len(validated):
        at = np.searchsorted(validated, steps).clip(max=len(validated) - 1)
        known = validated[at] == steps
        found[known] = values[at[known]]
    return found


# ---- what was found


def figures(results: RaceResults) -> Iterator[Figure]:
    for batch_size, noise in sorted(results.noise.items()):
        yield Figure("loss_noise", noise.estimate, {"batch_size": batch_size})
    tokens, losses = results.validation_at_equal("tokens")
    for batch_size, values in losses.items():
        yield Figure(FINAL_VAL_LOSS.name, mean_of(values), {"batch_size": batch_size, "tokens_seen": int(tokens)})
    if lead := lead_of(losses):
        best = int(lead.leader)
        for batch_size, values in losses.items():
            if batch_size != best:
                at = {"batch_size": batch_size, "minus_batch_size": best, "tokens_seen": int(tokens)}
                yield Figure("val_loss_difference", difference_of(values, losses[best]), at)
    for batch_size, seconds in sorted(results.step_seconds.items()):
        yield Figure("step_seconds", exact(seconds), {"batch_size": batch_size})
    for gone in results.divergences:
        yield Figure("diverged_at", exact(gone.step), {"batch_size": gone.batch_size, "seed": gone.seed})


TABLES = Tables(COLUMNS, records, FOUND, figures)
