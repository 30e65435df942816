"""The chapter of a notebook on what the lesson measures that it is taken from: its template, and what fills it."""

import numpy as np

from core.charts.palette import PALETTES
from core.experiments.noise.spec import NoiseSpec
from core.experiments.orders.spec import OrdersSpec
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.step_cost.spec import StepCostSpec
from core.experiments.sweep.spec import SweepSpec
from core.export.lesson import DocumentsSpec
from core.export.sources import config_literal, joined, literal, packed_ids, run_settings

Chapter = tuple[str, dict[str, str]]  # the name of a file in `lessons/`, and what stands for its placeholders


def chapters_of(own: object) -> list[Chapter]:
    """None, for a lesson that has no more than the race."""
    match own:
        case NoiseSpec():
            return [("noise", noise_values(own))]
        case SweepSpec():
            return [("sweep", sweep_values(own))]
        case OrdersSpec():
            return [("orders", orders_values(own))]
        case ParallelSpec():
            return [("parts", parts_values(own)), *([("ranks", {})] if own.num_ranks > 1 else [])]
        case StepCostSpec():
            return [("speed", {"settings": literal({"batch_sizes": list(own.batch_sizes)})})]
        case DocumentsSpec():
            return [("documents", documents_values(own))]
    return []


def noise_values(spec: NoiseSpec) -> dict[str, str]:
    from core.export.plain import gradients, noise  # here and below, because of torch

    race = spec.race
    settings = {
        "run": run_settings(race.train, race.train.batch_sizes[0], race.block_size, evals=False),
        "steps": list(spec.steps),
        "batch_sizes": list(spec.batch_sizes),
        "num_batches": spec.num_batches,
    }
    return {"settings": literal(settings), "code": joined(gradients.flat_gradient, noise)}


def sweep_values(spec: SweepSpec) -> dict[str, str]:
    plan, T = spec.race.train, spec.race.block_size
    runs = [run_settings(plan, b, T, evals=False) for b in sorted(plan.batch_sizes)]
    for run in runs:
        del run["learning_rate"]  # every rate of the grid
    return {"settings": literal({"runs": runs, "learning_rates": list(spec.learning_rates)})}


def orders_values(spec: OrdersSpec) -> dict[str, str]:
    race = spec.race
    settings = {
        "run": run_settings(race.train, spec.batch_size, race.block_size),
        "num_seeds": race.train.num_seeds,
        "colors": list(PALETTES["light"].orders),
    }
    size = f"n_layer={race.n_layer}, n_head={race.n_head}, n_embd={race.n_embd}"
    return {"settings": literal(settings), "size": size}


def parts_values(spec: ParallelSpec) -> dict[str, str]:
    """The batch itself is the one that the notebook looks at."""
    from core.export.plain import gradients
    from core.strategies import target_lengths

    settings = {
        "micro_batch_size": spec.plan.micro_batch_size,
        "num_ranks": spec.num_ranks,
        "targets": spec.plan.targets,
    }
    return {"settings": literal(settings), "code": joined(target_lengths, gradients)}


def documents_values(spec: DocumentsSpec) -> dict[str, str]:
    from core.batches import packing
    from core.export.plain import packing as model_side

    settings = {
        "lengths": [len(ids) for ids in spec.documents],
        "ids": packed_ids(np.concatenate(spec.documents)),
        "tokens": list(spec.tokens),
    }
    return {
        "settings": literal(settings),
        "config": config_literal(spec.gpt_config),
        "packing": joined(packing),
        "model_side": joined(model_side),
    }
