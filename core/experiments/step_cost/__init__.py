from core.experiments.kind import Kind
from core.experiments.step_cost.messages import Difference, Largest, Memory, NoMemory, Round, Started
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.spec import StepCostSpec

KIND = Kind(
    spec=StepCostSpec,
    results=StepCostResults,
    messages=(Started, Memory, NoMemory, Difference, Round, Largest),
)
