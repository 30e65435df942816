from core.experiments.draws import messages
from core.experiments.draws.results import DrawsResults
from core.experiments.draws.spec import DrawsSpec
from core.experiments.draws.tables import TABLES
from core.experiments.kind import Kind

# classes take it, and no page
KIND = Kind(spec=DrawsSpec, results=DrawsResults, messages=messages.ALL, offers={}, tables=TABLES)
