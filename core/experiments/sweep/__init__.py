from core.experiments.kind import Kind
from core.experiments.sweep import messages
from core.experiments.sweep.offers import OFFERS
from core.experiments.sweep.results import SweepResults
from core.experiments.sweep.spec import SweepSpec

KIND = Kind(spec=SweepSpec, results=SweepResults, messages=messages.ALL, offers=OFFERS, goes_on=True)
