"""What is said about batch size, compared with what was measured: a verdict, with the figures that it was decided by.

Each function judges one claim from the results of one or two experiments. Runs are compared seed by seed; "resolved"
means that the 95% interval of a difference does not hold 0, or that of a ratio does not hold 1. Nothing is judged
before it has been measured.
"""

from core.lessons.check_the_claims.verdicts.cost import accumulation, memory
from core.lessons.check_the_claims.verdicts.curves import noisy, overfit
from core.lessons.check_the_claims.verdicts.scale import noise_scale
from core.lessons.check_the_claims.verdicts.speed import balanced, fast, slower
from core.lessons.check_the_claims.verdicts.sweep import tuning
from core.lessons.check_the_claims.verdicts.verdict import OTHER_SUBJECTS, Outcome, Verdict

__all__ = [
    "OTHER_SUBJECTS",
    "Outcome",
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
