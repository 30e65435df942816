"""Results that are written by hand, so that what is right about them is known."""

from dataclasses import replace

import from_messages
import numpy as np

from core.experiments.noise.results import NoiseResults
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.experiments.sweep.results import SweepResults
from core.experiments.sweep.spec import SweepSpec
from core.training import TrainConfig

SIZES, T = (16, 128, 512), 8
PLAN = TrainConfig(batch_sizes=SIZES, num_seeds=3, max_tokens=512 * T * 64)
RACE = RaceSpec(text="", block_size=T, train=PLAN)
JITTER = np.array([-0.01, 0.0, 0.01])  # what seeds share


def race_of(
    decay: dict, step_seconds: dict, gap=lambda size, train: 0.0, spec: RaceSpec = RACE, more=()
) -> RaceResults:
    """Runs whose training loss is 1 + 3 exp(-steps / decay), validated at every step of the largest batch; `gap` lies
    between it and the validation loss."""
    messages = []
    for place in range(65):
        for size in SIZES:
            step = place * 512 // size
            train = 1 + 3 * np.exp(-step / decay[size] * (1 + JITTER))
            val = train + np.array([gap(size, value) for value in train])
            row = {"kind": "eval", "batch_size": size, "step": step, "losses": val.tolist()}
            messages.append(row | {"train_losses": train.tolist()})
    for size, seconds in step_seconds.items():
        probes = [seconds * factor for factor in (0.99, 1.0, 1.01, 1.0)]
        messages.append({"kind": "speed", "batch_size": size, "step_seconds": seconds, "probes": probes})
    return from_messages.results_of(spec, [*messages, *more])


EQUAL_STEPS = dict.fromkeys(SIZES, 200.0)  # every batch size makes the same progress a step
EQUAL_TOKENS = {16: 6400.0, 128: 800.0, 512: 200.0}  # every batch size makes the same progress a token
FULL = {16: 0.016, 128: 0.128, 512: 0.512}  # as many tokens a second at every size
IDLE = {16: 0.01, 128: 0.0101, 512: 0.0102}  # a step takes as long at every size


def noise_messages(sigmas: dict) -> list[dict]:
    extra = {"step": 9, "lag1": 0.0, "num_differences": 99}
    return [
        {"kind": "noise", "batch_size": b, "sigma": s, "low": 0.9 * s, "high": 1.1 * s, **extra}
        for b, s in sigmas.items()
    ]


def sweep_of(final: dict, steps: int = 10, diverged: tuple = (), ends: dict | None = None) -> SweepResults:
    """Validation losses at the end, by batch size and rate; each run falls to it on a straight line from 4. At
    the rate and size of `diverged`, all three runs diverged; `ends` has losses of all seeds at the end."""
    spec = SweepSpec(race=RACE, learning_rates=tuple(sorted({rate for _, rate in final})))
    messages = []
    for (size, rate), loss in final.items():
        last = PLAN.num_steps(size, T)
        for share in np.linspace(0, 1, steps):
            values = (4 + share * (loss - 4) + JITTER * share).tolist()
            if share == 1:
                values = (ends or {}).get((size, rate), values)
            row = {
                "kind": "eval",
                "learning_rate": rate,
                "batch_size": size,
                "step": round(share * last),
                "losses": values,
            }
            messages.append(row)
    if diverged:
        rate, size = diverged
        gone = {"kind": "diverged", "learning_rate": rate, "batch_size": size}
        messages += [gone | {"seed": seed, "step": 3} for seed in range(3)]
    return from_messages.results_of(spec, messages)


SAME = {(b, rate): loss for b in SIZES for rate, loss in ((1e-3, 2.5), (1e-2, 2.0), (1e-1, 2.5))}


def scales_of(*scales: tuple) -> NoiseResults:
    """(step, loss of the text, low, value, high) of each; a value of None is not resolved."""
    spec = NoiseSpec.of(RACE, [step for step, *_ in scales], (1, 2), 4)
    messages = []
    for step, loss, low, value, high in scales:
        messages.append({"kind": "whole", "step": step, "loss": loss, "sigma": 1.0, "design_effect": 1.0})
        message = {"kind": "noise_scale", "step": step, "simple_noise_scale": value, "low": low, "high": high}
        messages.append(
            message | {"resolved": value is not None, "trace_cov": 1.0, "grad_sq_norm": 1.0, "whole_grad_sq_norm": 1.0}
        )
    return from_messages.results_of(spec, messages)


def bend_sweep() -> SweepResults:
    """Steps to the target of 100 + 6400 / B at both rates: the bend lies at B = 64."""
    spec = SweepSpec(race=replace(RACE, train=replace(PLAN, max_tokens=512 * T * 400)), learning_rates=(1e-3, 1e-2))
    messages = []
    for size in SIZES:
        needed = (100 + 6400 / size) * np.array([0.99, 1.0, 1.01])
        last = spec.race.train.num_steps(size, T)
        for rate in spec.learning_rates:
            for step in (0, *np.linspace(20, last, 200).round().astype(int).tolist()):
                losses = np.maximum(4 - step / needed, 2.995 if size == 512 else 2.9).tolist()
                messages.append(
                    {"kind": "eval", "learning_rate": rate, "batch_size": size, "step": step, "losses": losses}
                )
    return from_messages.results_of(spec, messages)
