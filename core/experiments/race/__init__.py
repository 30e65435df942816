from core.experiments.kind import Kind
from core.experiments.race import messages
from core.experiments.race.offers import OFFERS
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec

KIND = Kind(spec=RaceSpec, results=RaceResults, messages=messages.ALL, offers=OFFERS, goes_on=True)
