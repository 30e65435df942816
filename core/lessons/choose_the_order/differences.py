"""What the order does to the loss, in nats per token, paired over the seeds."""

from dataclasses import dataclass

import numpy as np

from core.experiments.orders.results import OrdersResults
from core.measure.comparison import difference_of
from core.measure.estimate import Estimate


def difference(results: OrdersResults, first: str, second: str, what: str = "validation") -> Estimate | None:
    """The first order's loss minus the second's at equal tokens; None where one of them has none."""
    _, losses = results.losses_at_equal(what)
    if not (losses.keys() >= {first, second}):
        return None
    return difference_of(losses[first], losses[second])


@dataclass(frozen=True)
class EpochEdge:
    """What the training loss does where the first epoch ends: the mean of some steps after it minus that before."""

    num_steps: int  # on either side
    change: Estimate
    beyond_random: Estimate | None  # minus what it does there in random order, which has no end; None where unknown


def edge_of(results: OrdersResults, order: str) -> EpochEdge | None:
    """None while it has not been measured."""
    if order not in results.edges:
        return None
    before, after = results.edges[order]
    beyond = None
    if order != "random" and "random" in results.edges:
        random_before, random_after = results.edges["random"]
        beyond = difference_of(after - before, random_after - random_before)
    return EpochEdge(results.edge_steps, difference_of(after, before), beyond)


@dataclass(frozen=True)
class SeedsAndOrders:
    """How far validation losses lie apart at equal tokens, in nats: those of seeds, and those of orders."""

    tokens: float
    widest: str  # the order whose seeds lie furthest apart
    between_seeds: float  # of that order
    between_orders: float  # their means


def seeds_and_orders(results: OrdersResults) -> SeedsAndOrders | None:
    """None for one seed, or one order."""
    tokens, losses = results.losses_at_equal()
    if len(losses) < 2 or len(next(iter(losses.values()))) < 2:
        return None
    ranges = {order: float(np.ptp(values)) for order, values in losses.items()}
    widest = max(ranges, key=ranges.__getitem__)
    means = [values.mean() for values in losses.values()]
    return SeedsAndOrders(tokens, widest, ranges[widest], float(max(means) - min(means)))
