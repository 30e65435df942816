"""The measurements of what a step costs that pages offer."""

import numpy as np

from core.experiments.kind import Offer
from core.experiments.race.offers import CLAIM, CLAIM_SIZES, RACE, claim_sizes, claimed, race_of
from core.experiments.step_cost.spec import StepCostSpec
from core.settings.limits import MAX_BATCH_SIZES
from core.settings.values import Settings

MEGABYTE = 1_000_000


def splits_of(settings: Settings, text: str) -> StepCostSpec:
    """The batch in one pass and in micro-batches of some sizes that divide it, the chosen one among them."""
    mine, batch_size = settings.micro_batch_size, settings.micro_batch_size * settings.accumulation_steps
    divisors = [m for m in range(1, batch_size) if batch_size % m == 0 and m != mine]
    some = np.unique(np.linspace(0, len(divisors) - 1, min(len(divisors), MAX_BATCH_SIZES - 2)).round().astype(int))
    sizes = tuple(sorted({batch_size, mine, *(divisors[i] for i in some)}))
    tokens = 10 * batch_size * settings.block_size
    return StepCostSpec.of(race_of(settings, text, batch_sizes=sizes, num_seeds=1, max_tokens=tokens))


def speed_of(settings: Settings, text: str) -> StepCostSpec:
    bound = settings.max_batch_size
    race = race_of(settings, text, batch_sizes=(bound,), num_seeds=1, max_tokens=bound * settings.block_size)
    return StepCostSpec.by_doubling(race, settings.budget_mb * MEGABYTE)


def claim_cost_of(settings: Settings, text: str) -> StepCostSpec:
    sizes, tokens = claim_sizes(settings), settings.claim_tokens
    return StepCostSpec.of(claimed(settings, text, batch_sizes=sizes, max_tokens=tokens))


OFFERS = {
    "splits": Offer(
        StepCostSpec, "measurement of splits", splits_of, (*RACE, "micro_batch_size", "accumulation_steps")
    ),
    "speed": Offer(StepCostSpec, "measurement of speed and memory", speed_of, (*RACE, "max_batch_size", "budget_mb")),
    "claim_cost": Offer(
        StepCostSpec, "measurement of costs", claim_cost_of, (*CLAIM, *CLAIM_SIZES, "claim_tokens", "num_seeds")
    ),
}
