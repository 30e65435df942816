"""What is said about batch size, held against what was measured: a verdict, the sentence that gives its reason, and the
numbers behind it.

Each function judges one claim from the results of one or two experiments. Runs are compared seed by seed; "resolved"
means that the 95% interval of a difference does not hold 0, or that of a ratio does not hold 1. Nothing is judged
before it has been measured.
"""

from core.lessons.check_the_claims.verdicts.cost import accumulation, memory
from core.lessons.check_the_claims.verdicts.race import balanced, fast, noisy, overfit, slower
from core.lessons.check_the_claims.verdicts.sweep import noise_scale, tuning
from core.lessons.check_the_claims.verdicts.verdict import FAILS, HOLDS, NOT_YET, PARTLY, UNRESOLVED, Verdict

__all__ = [
    "FAILS",
    "HOLDS",
    "NOT_YET",
    "PARTLY",
    "UNRESOLVED",
    "Verdict",
    "accumulation",
    "balanced",
    "fast",
    "memory",
    "noise_scale",
    "noisy",
    "overfit",
    "slower",
    "tuning",
]
