from core.experiments.cost.results import CostResults
from core.experiments.cost.spec import CostSpec
from core.experiments.kind import Kind

KIND = Kind(spec=CostSpec, results=CostResults)
