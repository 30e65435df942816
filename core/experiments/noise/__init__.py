from core.experiments.kind import Kind
from core.experiments.noise import messages
from core.experiments.noise.offers import OFFERS
from core.experiments.noise.results import NoiseResults
from core.experiments.noise.spec import NoiseSpec
from core.experiments.noise.tables import TABLES

KIND = Kind(spec=NoiseSpec, results=NoiseResults, messages=messages.ALL, offers=OFFERS, tables=TABLES)
