from core.experiments.kind import Kind
from core.experiments.race import messages
from core.experiments.race.offers import OFFERS
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.experiments.race.tables import TABLES

KIND = Kind(spec=RaceSpec, results=RaceResults, messages=messages.ALL, offers=OFFERS, tables=TABLES, goes_on=True)
