from core.experiments.kind import Kind
from core.experiments.step_cost import messages
from core.experiments.step_cost.offers import OFFERS
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.spec import StepCostSpec
from core.experiments.step_cost.tables import TABLES

KIND = Kind(spec=StepCostSpec, results=StepCostResults, messages=messages.ALL, offers=OFFERS, tables=TABLES)
