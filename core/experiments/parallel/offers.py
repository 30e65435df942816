"""The data parallel training that a page offers."""

from core.experiments.kind import Offer
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.offers import RACE, race_of
from core.settings.values import Settings
from core.strategies import ParallelPlan


def parallel_of(settings: Settings, text: str) -> ParallelSpec:
    plan = ParallelPlan(
        micro_batch_size=settings.rank_micro_batch,
        accumulation_steps=settings.rank_accumulation,
        num_steps=settings.rank_steps,
        targets=settings.targets,
        mistake=settings.rank_mistake,
    )
    batch_size = plan.batch_size(settings.num_ranks)
    tokens = batch_size * settings.block_size * plan.num_steps
    race = race_of(settings, text, batch_sizes=(batch_size,), num_seeds=1, max_tokens=tokens)
    return ParallelSpec(race=race, plan=plan, num_ranks=settings.num_ranks, port=settings.port)


def parts_of(settings: Settings, text: str) -> ParallelSpec:
    """The batch of the lesson on accumulation in micro-batches, as one rank alone takes it."""
    plan = ParallelPlan(
        micro_batch_size=settings.micro_batch_size,
        accumulation_steps=settings.accumulation_steps,
        num_steps=1,
        targets=settings.targets,
    )
    return ParallelSpec(race=race_of(settings, text, num_seeds=1), plan=plan, num_ranks=1)


RANKS = ("num_ranks", "rank_micro_batch", "rank_accumulation", "rank_steps", "targets", "rank_mistake", "port")

OFFERS = {"parallel": Offer(ParallelSpec, "training over ranks", parallel_of, (*RACE, *RANKS))}
