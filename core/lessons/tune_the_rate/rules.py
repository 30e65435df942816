"""Rules of how the learning rate grows with the batch size: what each predicts from one batch size that was tuned."""

from collections.abc import Mapping

from core.experiments.sweep.results import BestRate
from core.training import LR_RULES

RULES = {rule.replace("sqrt", "square root"): power for rule, power in LR_RULES.items()}


def reference(best: Mapping[int, BestRate]) -> int | None:
    """The middle batch size, which the rules start from; None for fewer than two."""
    return sorted(best)[len(best) // 2] if len(best) > 1 else None


def predicted_rates(best: Mapping[int, BestRate], batch_size: float) -> dict[str, float]:
    """By rule, the rate at a batch size, from the best one at the reference.

    >>> predicted_rates({4: BestRate(0.002, 2.0, 0.002, 0.002), 2: BestRate(0.001, 2.0, 0.001, 0.001)}, 16)
    {'fixed': 0.002, 'square root': 0.004, 'linear': 0.008}
    """
    start = reference(best)
    assert start, "two batch sizes at least"
    return {rule: best[start].rate * (batch_size / start) ** power for rule, power in RULES.items()}
