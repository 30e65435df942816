"""The experiments that pages offer, each made from a visitor's settings.

With the settings' defaults they are what is recorded for a page to show before anything was run.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.corpus import samples
from core.experiments.kind import Spec
from core.experiments.noise.spec import NoiseSpec
from core.experiments.orders.spec import OrdersSpec
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.spec import StepCostSpec
from core.experiments.sweep.spec import SweepSpec
from core.settings.limits import CLAIM_STEPS, MAX_BATCH_SIZES, MODEL_SIZES
from core.settings.values import Settings
from core.strategies import ParallelPlan
from core.training import TrainConfig

VAL_FRACTION = 0.1
MEGABYTE = 1_000_000

PLAN = {  # a field of the training plan, and the setting that it comes from
    "batch_sizes": "batch_sizes",
    "num_seeds": "num_seeds",
    "first_seed": "seed",
    "max_tokens": "max_tokens",
    "learning_rate": "learning_rate",
    "lr_rule": "lr_rule",
    "order": "order",
    "device": "device",
}


# ---- the race that they are about


def plan_of(settings: Settings, **others) -> TrainConfig:
    """The training plan of the settings, with `others` in place of theirs."""
    values = {field: getattr(settings, name) for field, name in PLAN.items() if field not in others}
    return TrainConfig(**values, **others)


def race_of(settings: Settings, text: str, model: str = "", **plan) -> RaceSpec:
    """The race of the settings, or with one of MODEL_SIZES for its model; `plan` in place of theirs."""
    size = MODEL_SIZES[model] if model else (settings.n_layer, settings.n_head, settings.n_embd)
    sample = samples().get(settings.source)
    return RaceSpec(
        text=text,
        source=settings.source,
        tokenizer=settings.tokenizer,
        val_fraction=VAL_FRACTION,
        floor_nats=sample.floor_nats if sample and settings.tokenizer in ("char", "byte") else None,
        block_size=settings.block_size,
        n_layer=size[0],
        n_head=size[1],
        n_embd=size[2],
        train=plan_of(settings, **plan),
    )


# ---- one for each page


def noise_of(settings: Settings, text: str) -> NoiseSpec:
    race = race_of(settings, text, batch_sizes=(settings.train_batch_size,), num_seeds=1, max_tokens=1)
    return NoiseSpec.of(race, settings.noise_steps, settings.noise_sizes, settings.num_batches)


def sweep_of(settings: Settings, text: str) -> SweepSpec:
    plan = {
        "batch_sizes": settings.sweep_sizes,
        "max_tokens": settings.sweep_tokens,
        "beta2_rule": settings.beta2_rule,
        "num_evals": 40,
        "early_evals": True,
    }
    return SweepSpec(race=race_of(settings, text, **plan), learning_rates=settings.sweep_rates)


def orders_of(settings: Settings, text: str) -> OrdersSpec:
    plan = {
        "batch_sizes": (settings.order_batch_size,),
        "num_seeds": settings.order_seeds,
        "max_tokens": settings.order_tokens,
    }
    return OrdersSpec.of(race_of(settings, text, settings.order_model, **plan))


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


# ---- for the claims: on one text and model


def claimed(settings: Settings, text: str, **plan) -> RaceSpec:
    """The race that a claim's experiment is about."""
    race = race_of(settings, text, settings.claim_model, early_evals=True, **plan)
    return replace(race, excerpt=settings.excerpt, floor_nats=None)


def claim_sizes(settings: Settings) -> tuple[int, int, int]:
    """The batch sizes that the claims call small, medium and large."""
    return settings.claim_small, settings.claim_medium, settings.claim_large


def claim_race_of(settings: Settings, text: str) -> RaceSpec:
    sizes, tokens = claim_sizes(settings), settings.claim_tokens
    return claimed(settings, text, batch_sizes=sizes, max_tokens=tokens, num_evals=200, eval_train=True)


def claim_cost_of(settings: Settings, text: str) -> StepCostSpec:
    sizes, tokens = claim_sizes(settings), settings.claim_tokens
    return StepCostSpec.of(claimed(settings, text, batch_sizes=sizes, max_tokens=tokens))


def claim_sweep_of(settings: Settings, text: str) -> SweepSpec:
    """With one size more, a quarter of the small one, for the bend of S(B) to lie within."""
    sizes = claim_sizes(settings)
    tiny, tokens = max(1, sizes[0] // 4), settings.claim_tokens // 4
    race = claimed(settings, text, batch_sizes=(tiny, *sizes), max_tokens=tokens, num_evals=40)
    return SweepSpec(race=race, learning_rates=settings.claim_rates)


def claim_noise_of(settings: Settings, text: str) -> NoiseSpec:
    race = claimed(settings, text, batch_sizes=(settings.claim_small,), num_seeds=1, max_tokens=1)
    usual = NoiseSpec(race=race)
    return NoiseSpec.of(race, CLAIM_STEPS, usual.batch_sizes, usual.num_batches)


TEXT = ("source", "tokenizer", "block_size")
MODEL = ("n_layer", "n_head", "n_embd")
TRAINING = ("seed", "learning_rate", "lr_rule", "order", "device")
RACE = (*TEXT, *MODEL, *TRAINING)
CLAIM = (*TEXT, "excerpt", "claim_model", *TRAINING)
CLAIM_SIZES = ("claim_small", "claim_medium", "claim_large")


@dataclass(frozen=True)
class Offer:
    """An experiment that a page offers. Its name is that of the setting that holds the id of a visitor's own."""

    kind: type[Spec]
    noun: str  # what a sentence calls it
    of: Callable[[Settings, str], Spec]  # what the settings describe, with this text
    settings: tuple[str, ...]  # those that it is made from


OFFERS = {
    "race": Offer(RaceSpec, "race", race_of, (*RACE, "batch_sizes", "num_seeds", "max_tokens")),
    "noise": Offer(
        NoiseSpec, "measurement of noise", noise_of,
        (*RACE, "noise_steps", "noise_sizes", "num_batches", "train_batch_size"),
    ),
    "sweep": Offer(
        SweepSpec, "sweep", sweep_of,
        (*RACE, "sweep_sizes", "sweep_rates", "sweep_tokens", "beta2_rule", "num_seeds"),
    ),
    "splits": Offer(
        StepCostSpec, "measurement of splits", splits_of, (*RACE, "micro_batch_size", "accumulation_steps"),
    ),
    "parallel": Offer(
        ParallelSpec, "training over ranks", parallel_of,
        (
            *RACE, "num_ranks", "rank_micro_batch", "rank_accumulation", "rank_steps", "targets", "rank_mistake",
            "port",
        ),
    ),
    "orders": Offer(
        OrdersSpec, "race of the orders", orders_of,
        (*TEXT, "order_model", *TRAINING, "order_batch_size", "order_seeds", "order_tokens"),
    ),
    "speed": Offer(StepCostSpec, "measurement of speed and memory", speed_of, (*RACE, "max_batch_size", "budget_mb")),
    "claim_race": Offer(
        RaceSpec, "race for the claims", claim_race_of, (*CLAIM, *CLAIM_SIZES, "claim_tokens", "num_seeds"),
    ),
    "claim_cost": Offer(
        StepCostSpec, "measurement of costs", claim_cost_of, (*CLAIM, *CLAIM_SIZES, "claim_tokens", "num_seeds"),
    ),
    "claim_sweep": Offer(
        SweepSpec, "sweep for the claims", claim_sweep_of,
        (*CLAIM, *CLAIM_SIZES, "claim_rates", "claim_tokens", "num_seeds"),
    ),
    "claim_noise": Offer(
        NoiseSpec, "measurement of noise for the claims", claim_noise_of,
        (*CLAIM, "claim_small"),
    ),
}  # fmt: skip
