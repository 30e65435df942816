"""The race of orders that a page offers."""

from core.experiments.kind import Offer
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.offers import TEXT, TRAINING, race_of
from core.settings.values import Settings


def orders_of(settings: Settings, text: str) -> OrdersSpec:
    plan = {
        "batch_sizes": (settings.order_batch_size,),
        "num_seeds": settings.order_seeds,
        "max_tokens": settings.order_tokens,
    }
    return OrdersSpec.of(race_of(settings, text, settings.order_model, **plan))


ORDERS = ("order_model", "order_batch_size", "order_seeds", "order_tokens")

OFFERS = {"orders": Offer(OrdersSpec, "race of the orders", orders_of, (*TEXT, *TRAINING, *ORDERS))}
