from core.experiments.kind import Kind
from core.experiments.sweep import messages
from core.experiments.sweep.offers import OFFERS
from core.experiments.sweep.results import SweepResults
from core.experiments.sweep.spec import SweepSpec
from core.experiments.sweep.tables import TABLES

KIND = Kind(spec=SweepSpec, results=SweepResults, messages=messages.ALL, offers=OFFERS, tables=TABLES, goes_on=True)
