"""Two races beside each other: how far the validation losses of one lie above those of the other, at equal tokens.

Races of equal seeds that read the same examples are compared seed by seed; what a seed makes of first weights and
examples is then in both, and goes out. Races of other seeds or another order of the windows share nothing: the interval
is wider. Losses on other validation windows are not compared at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.measure.comparison import at_equal, difference_of, unpaired_difference_of
from core.measure.estimate import Estimate


@dataclass(frozen=True)
class Difference:
    """Of the mean validation loss at one batch size, nats per token: of this race minus the other."""

    batch_size: int
    tokens: int  # at which both were taken: the most that both have been validated after
    estimate: Estimate  # t interval over the seeds
    paired: bool


VALIDATED: dict[str, Callable[[RaceSpec], Any]] = {  # on what
    "texts": lambda race: race.text[: race.excerpt or None],
    "tokenizers": lambda race: race.tokenizer,
    "block sizes": lambda race: race.block_size,
    "validation windows": lambda race: (race.val_fraction, race.train.eval_windows),
}
READ: dict[str, Callable[[RaceSpec], Any]] = {  # by the runs
    "seeds": lambda race: race.train.seeds,
    "orders of the windows": lambda race: race.train.order,
}


def why_apart(race: RaceSpec, other: RaceSpec) -> str:
    """Why their validation losses cannot be compared: what differs of that text; "" where they can."""
    return ", ".join(name for name, of in VALIDATED.items() if of(race) != of(other))


def why_unpaired(race: RaceSpec, other: RaceSpec) -> str:
    """What differs of the seeds and the examples that they read, in races on the same text; "" where nothing does."""
    return ", ".join(name for name, of in READ.items() if of(race) != of(other))


def differences(results: RaceResults, other: RaceResults) -> list[Difference]:
    """At each batch size that both have and at which no run diverged, once both have been validated twice."""
    if why_apart(results.spec, other.spec):
        return []
    paired = not why_unpaired(results.spec, other.spec)
    of = difference_of if paired else unpaired_difference_of
    found = []
    for batch_size in sorted(set(results.whole_sizes) & set(other.whole_sizes)):
        tokens, (values, others) = losses_at_equal(results, other, batch_size)
        if np.isfinite(tokens):
            found.append(Difference(batch_size, int(tokens), of(values, others), paired))
    return found


def losses_at_equal(results: RaceResults, other: RaceResults, batch_size: int) -> tuple[float, tuple]:
    """(tokens, (losses, losses)): (R,) of each; NaN where there is nothing to compare yet."""
    x, losses = {}, {}
    for number, each in enumerate((results, other)):
        steps, losses[number], _ = each.evaluations(batch_size)
        x[number] = each.x_of("tokens", batch_size, steps)
    tokens, found = at_equal(x, losses)
    return tokens, tuple(found.values()) or ((), ())
