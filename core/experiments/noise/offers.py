"""The measurements of noise that pages offer."""

from core.experiments.kind import Offer
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.offers import CLAIM, RACE, claimed, race_of
from core.settings.limits import CLAIM_STEPS
from core.settings.values import Settings


def noise_of(settings: Settings, text: str) -> NoiseSpec:
    race = race_of(settings, text, batch_sizes=(settings.train_batch_size,), num_seeds=1, max_tokens=1)
    return NoiseSpec.of(race, settings.noise_steps, settings.noise_sizes, settings.num_batches)


def claim_noise_of(settings: Settings, text: str) -> NoiseSpec:
    race = claimed(settings, text, batch_sizes=(settings.claim_small,), num_seeds=1, max_tokens=1)
    usual = NoiseSpec(race=race)
    return NoiseSpec.of(race, CLAIM_STEPS, usual.batch_sizes, usual.num_batches)


NOISE = ("noise_steps", "noise_sizes", "num_batches", "train_batch_size")

OFFERS = {
    "noise": Offer(NoiseSpec, "measurement of noise", noise_of, (*RACE, *NOISE)),
    "claim_noise": Offer(NoiseSpec, "measurement of noise for the claims", claim_noise_of, (*CLAIM, "claim_small")),
}
