from core.experiments.kind import Kind
from core.experiments.parallel import messages
from core.experiments.parallel.offers import OFFERS
from core.experiments.parallel.results import ParallelResults
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.parallel.tables import TABLES

KIND = Kind(spec=ParallelSpec, results=ParallelResults, messages=messages.ALL, offers=OFFERS, tables=TABLES)
