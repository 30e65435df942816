from core.experiments.kind import Kind
from core.experiments.orders import messages
from core.experiments.orders.offers import OFFERS
from core.experiments.orders.results import OrdersResults
from core.experiments.orders.spec import OrdersSpec
from core.experiments.orders.tables import TABLES

KIND = Kind(spec=OrdersSpec, results=OrdersResults, messages=messages.ALL, offers=OFFERS, tables=TABLES, goes_on=True)
