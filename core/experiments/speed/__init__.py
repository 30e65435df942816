from core.experiments.kind import Kind
from core.experiments.speed.results import SpeedResults
from core.experiments.speed.spec import SpeedSpec

KIND = Kind(spec=SpeedSpec, results=SpeedResults)
