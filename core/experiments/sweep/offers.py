"""The sweeps that pages offer."""

from core.experiments.kind import Offer
from core.experiments.race.offers import CLAIM, CLAIM_SIZES, RACE, claim_sizes, claimed, race_of
from core.experiments.sweep.spec import SweepSpec
from core.settings.values import Settings


def sweep_of(settings: Settings, text: str) -> SweepSpec:
    plan = {
        "batch_sizes": settings.sweep_sizes,
        "max_tokens": settings.sweep_tokens,
        "beta2_rule": settings.beta2_rule,
        "num_evals": 40,
        "early_evals": True,
    }
    return SweepSpec(race=race_of(settings, text, **plan), learning_rates=settings.sweep_rates)


def claim_sweep_of(settings: Settings, text: str) -> SweepSpec:
    """With one size more, a quarter of the small one, for the bend of S(B) to lie within."""
    sizes = claim_sizes(settings)
    tiny, tokens = max(1, sizes[0] // 4), settings.claim_tokens // 4
    race = claimed(settings, text, batch_sizes=(tiny, *sizes), max_tokens=tokens, num_evals=40)
    return SweepSpec(race=race, learning_rates=settings.claim_rates)


SWEEP = ("sweep_sizes", "sweep_rates", "sweep_tokens", "beta2_rule", "num_seeds")

OFFERS = {
    "sweep": Offer(SweepSpec, "sweep", sweep_of, (*RACE, *SWEEP)),
    "claim_sweep": Offer(
        SweepSpec,
        "sweep for the claims",
        claim_sweep_of,
        (*CLAIM, *CLAIM_SIZES, "claim_rates", "claim_tokens", "num_seeds"),
    ),
}
