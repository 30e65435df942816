from core.experiments.draws import messages
from core.experiments.draws.results import DrawsResults
from core.experiments.draws.spec import DrawsSpec
from core.experiments.kind import Kind

KIND = Kind(spec=DrawsSpec, results=DrawsResults, messages=messages.ALL, offers={})  # classes take it, and no page
