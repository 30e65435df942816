"""The races that pages offer, each made from a visitor's settings; and what every other kind takes of one."""

from dataclasses import replace

from core.corpus import samples
from core.experiments.kind import Offer
from core.experiments.race.spec import RaceSpec
from core.settings.limits import MODEL_SIZES
from core.settings.values import Settings
from core.training import TrainConfig

VAL_FRACTION = 0.1
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


TEXT = ("source", "tokenizer", "block_size")
MODEL = ("n_layer", "n_head", "n_embd")
TRAINING = ("seed", "learning_rate", "lr_rule", "order", "device")
RACE = (*TEXT, *MODEL, *TRAINING)  # the settings that every race is made from
CLAIM = (*TEXT, "excerpt", "claim_model", *TRAINING)
CLAIM_SIZES = ("claim_small", "claim_medium", "claim_large")

OFFERS = {
    "race": Offer(RaceSpec, "race", race_of, (*RACE, "batch_sizes", "num_seeds", "max_tokens")),
    "claim_race": Offer(
        RaceSpec, "race for the claims", claim_race_of, (*CLAIM, *CLAIM_SIZES, "claim_tokens", "num_seeds")
    ),
}
