"""The experiments that the claims about batch size are judged by."""

from dataclasses import replace

from core.experiments.cost.spec import CostSpec
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.sweep.spec import SweepSpec
from core.settings.limits import CLAIM_STEPS


def claim_specs(
    race: RaceSpec, batch_sizes: tuple[int, int, int], max_tokens: int, learning_rates: tuple[float, ...]
) -> dict[str, RaceSpec | CostSpec | SweepSpec | NoiseSpec]:
    """The four experiments that the claims about batch size are judged by, on the race's text and model: a race of a
    small, a medium and a large batch size, what their steps cost, a sweep over the rate (with one size more, a quarter
    of the small one, for the bend of S(B) to lie within), and the noise scale."""
    plan = replace(race.train, batch_sizes=batch_sizes, max_tokens=max_tokens, early_evals=True)
    raced = replace(plan, num_evals=200, eval_train=True)
    tiny = max(1, batch_sizes[0] // 4)
    swept = replace(plan, batch_sizes=(tiny, *batch_sizes), max_tokens=max_tokens // 4, num_evals=40)
    small = replace(race, train=replace(plan, batch_sizes=batch_sizes[:1]))
    noise = NoiseSpec(race=race)
    return {
        "claim_race": replace(race, train=raced),
        "claim_cost": CostSpec(race=replace(race, train=plan)),
        "claim_sweep": SweepSpec(race=replace(race, train=swept), learning_rates=learning_rates),
        "claim_noise": NoiseSpec.of(small, CLAIM_STEPS, noise.batch_sizes, noise.num_batches),
    }
