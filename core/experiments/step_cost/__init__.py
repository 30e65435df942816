from core.experiments.kind import Kind
from core.experiments.step_cost import messages
from core.experiments.step_cost.offers import OFFERS
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.spec import StepCostSpec

KIND = Kind(spec=StepCostSpec, results=StepCostResults, messages=messages.ALL, offers=OFFERS)
