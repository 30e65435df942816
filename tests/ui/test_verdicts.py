"""Verdicts from results that are written by hand, so that what is right is known."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core.experiments import registry
from core.experiments.noise.results import NoiseResults
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.messages import Difference, Memory, Round, Started, StepTime
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.spec import StepCostSpec
from core.experiments.sweep.results import SweepResults
from core.experiments.sweep.spec import SweepSpec
from core.lessons.check_the_claims import verdicts
from core.lessons.check_the_claims.verdicts import FAILS, HOLDS, NOT_YET, PARTLY, UNRESOLVED
from core.lessons.check_the_claims.verdicts.race import complete, way_known
from core.lessons.check_the_claims.verdicts.sweep import chosen_by_others
from core.training import TrainConfig

SIZES, T = (16, 128, 512), 8
PLAN = TrainConfig(batch_sizes=SIZES, num_seeds=3, max_tokens=512 * T * 64)
RACE = RaceSpec(text="", block_size=T, train=PLAN)
JITTER = np.array([-0.01, 0.0, 0.01])  # what seeds share


def results_of(spec, messages):
    return registry.results_of(spec, messages)


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
    return results_of(spec, [*messages, *more])


EQUAL_STEPS = dict.fromkeys(SIZES, 200.0)  # every batch size makes the same progress a step
EQUAL_TOKENS = {16: 6400.0, 128: 800.0, 512: 200.0}  # every batch size makes the same progress a token
FULL = {16: 0.016, 128: 0.128, 512: 0.512}  # as many tokens a second at every size
IDLE = {16: 0.01, 128: 0.0101, 512: 0.0102}  # a step takes as long at every size


@pytest.mark.parametrize(
    ("decay", "seconds", "word"),
    [
        (EQUAL_TOKENS, IDLE, HOLDS),  # the same tokens, read slower
        (EQUAL_STEPS, IDLE, PARTLY),  # slower by the token, no later at the target
        (EQUAL_STEPS, FULL, FAILS),  # the same by the token, sooner at the target
        (EQUAL_TOKENS, FULL, UNRESOLVED),  # the same by both
        ({16: 6400.0, 128: 80.0, 512: 25.0}, {16: 0.014, 128: 0.128, 512: 0.512}, PARTLY),  # faster, and yet later
        (EQUAL_STEPS, {16: 0.001, 128: 0.1, 512: 1.0}, FAILS),  # faster by the token
    ],
)
def test_slower_is_judged_by_the_token_and_by_the_target(decay, seconds, word):
    assert verdicts.slower(race_of(decay, seconds)).word == word


def test_the_two_factors_of_slower_are_right():
    found = verdicts.slower(race_of(EQUAL_TOKENS, IDLE))
    # 16 windows in 10.0 ms, 512 in 10.2 ms: 16 / 512 x 1.02 = 0.0319 of the tokens a second, 31.4 times the seconds
    assert "over those at B = 512: 0.0319" in found.facts[0] and "over those at B = 512: 31.4" in found.facts[1]


@pytest.mark.parametrize(
    ("decay", "seconds", "word"),
    [
        (EQUAL_TOKENS, IDLE, HOLDS),
        (EQUAL_STEPS, {16: 0.01, 128: 0.02, 512: 0.04}, PARTLY),  # twice the speed, twice the time
        (EQUAL_STEPS, FULL, FAILS),
        (EQUAL_TOKENS, FULL, UNRESOLVED),
    ],
)
def test_fast_is_the_large_against_the_medium(decay, seconds, word):
    assert verdicts.fast(race_of(decay, seconds)).word == word


def test_balanced_is_the_least_bad_at_its_worst():
    # 16 and 512 each pay a lot for one thing: steps at 16, tokens and seconds at 512
    between = {16: 1600.0, 128: 250.0, 512: 200.0}
    assert verdicts.balanced(race_of(between, FULL)).word == HOLDS
    assert verdicts.balanced(race_of(EQUAL_TOKENS, IDLE)).word == FAILS  # the largest is best at all three
    assert "B = 512 is the better" in verdicts.balanced(race_of(EQUAL_TOKENS, IDLE)).reason


def noise(sigmas: dict) -> list[dict]:
    extra = {"step": 9, "lag1": 0.0, "num_differences": 99}
    return [
        {"kind": "noise", "batch_size": b, "sigma": s, "low": 0.9 * s, "high": 1.1 * s, **extra}
        for b, s in sigmas.items()
    ]


@pytest.mark.parametrize(
    ("sigmas", "word"),
    [
        ({16: 0.4, 128: 0.14, 512: 0.07}, HOLDS),
        ({16: 0.1, 128: 0.1, 512: 0.1}, UNRESOLVED),
        ({16: 0.05, 128: 0.1, 512: 0.2}, FAILS),
        ({16: 0.4}, NOT_YET),
    ],
)
def test_noisy_is_the_ratio_of_two_spreads(sigmas, word):
    assert verdicts.noisy(race_of(EQUAL_STEPS, FULL, more=noise(sigmas))).word == word


def test_smooth_is_set_beside_the_loss():
    race = race_of(EQUAL_STEPS, FULL, more=noise({16: 0.4, 128: 0.14, 512: 0.07}))
    assert "B = 16 has the lowest validation loss, 1.0" in verdicts.noisy(race).facts[-1]


def test_a_gap_that_hangs_on_the_training_loss_alone_is_no_overfitting():
    race = race_of(EQUAL_STEPS, FULL, gap=lambda size, train: 0.2 * (4 - train))
    found = verdicts.overfit(race)
    assert found.word == FAILS  # narrower at equal tokens: the large batch is behind; equal where the training loss is
    assert "B = 512 less B = 16: 0" in found.facts[2] or "B = 512 less B = 16: −0.000" in found.facts[2]


def test_a_gap_that_grows_with_b_is_found_in_all_three():
    found = verdicts.overfit(race_of(EQUAL_TOKENS, FULL, gap=lambda size, train: 0.5 * (size / 512) * (4 - train)))
    assert found.word == HOLDS


def test_a_gap_that_comes_from_reading_more_is_no_overfitting_of_large_batches():
    race = race_of(EQUAL_TOKENS, FULL, gap=lambda size, train: 0.2 * (4 - train))
    found = verdicts.overfit(race)
    assert found.word == FAILS and "At equal steps" in found.facts[1]


def test_a_race_without_training_losses_judges_no_gap():
    messages = [
        {"kind": "eval", "batch_size": b, "step": s, "losses": [4.0 - s / 99] * 3} for b in SIZES for s in (0, 40)
    ]
    messages += [{"kind": "speed", "batch_size": b, "step_seconds": 0.1, "probes": [0.1, 0.1]} for b in SIZES]
    assert "did not take" in verdicts.overfit(results_of(RACE, messages)).reason


def test_a_race_that_learns_nothing_has_no_way_to_a_target():
    flat = race_of(dict.fromkeys(SIZES, 1e9), FULL)
    assert complete(flat) is None and way_known(flat) is not None


RACE_CLAIMS = (verdicts.slower, verdicts.fast, verdicts.balanced, verdicts.noisy, verdicts.overfit)


@pytest.mark.parametrize("judge", RACE_CLAIMS, ids=lambda judge: judge.__name__)
def test_nothing_is_said_too_early_or_of_a_run_that_diverged(judge):
    assert judge(results_of(RACE, [])).word == NOT_YET
    gone = {"kind": "diverged", "batch_size": 128, "seed": 1, "step": 3}
    found = judge(race_of(EQUAL_STEPS, FULL, more=[gone]))
    assert found.word == UNRESOLVED and "B = 128 diverged" in found.reason


@pytest.mark.parametrize("judge", RACE_CLAIMS, ids=lambda judge: judge.__name__)
def test_a_single_seed_bears_no_interval_over_seeds(judge):
    messages = []
    for size in SIZES:
        for step in (0, 40):
            row = {"kind": "eval", "batch_size": size, "step": step, "losses": [4.0 - step / 40 - size / 1e4]}
            messages.append(row | {"train_losses": [4.0 - step / 20]})
        messages.append({"kind": "speed", "batch_size": size, "step_seconds": 0.1, "probes": [0.1]})
    one = replace(RACE, train=replace(PLAN, num_seeds=1))
    found = judge(results_of(one, messages))
    assert found.word == (NOT_YET if judge is verdicts.noisy else UNRESOLVED)
    assert "nan" not in " ".join((found.reason, *found.facts))


# ---- costs


DEVICE = {"device": "cpu", "device_name": "a processor", "num_threads": 1, "flops_per_window": 1}


def cost_of(activations: dict, seconds: dict, state: int = 1000) -> StepCostResults:
    messages = [Started(**DEVICE, vocab_size=2, num_parameters=state // 16)]
    parts = {"weights": state // 4, "gradients": state // 4, "optimizer": state // 2, "peak": None}
    messages += [Memory(batch_size=b, block_size=T, activations=size, **parts) for b, size in activations.items()]
    messages += [Difference(m, 1e-7) for m in SIZES[:2]]
    for one_pass, split in ((1.02, 0.99), (0.99, 1.01), (1.0, 1.0)) if seconds else ():
        steps = [StepTime(b, m, value * (one_pass if b == m else split)) for (b, m), value in seconds.items()]
        messages.append(Round(tuple(steps)))
    return results_of(StepCostSpec.of(RACE), messages)


def test_memory_holds_only_where_all_of_it_grows_with_b():
    growing = {b: 100 * b for b in SIZES}
    small = verdicts.memory(cost_of(growing, {}, state=16))
    assert small.word == HOLDS and "100 bytes for each window" in small.facts[1]
    large = verdicts.memory(cost_of(growing, {}, state=16_000))
    assert large.word == PARTLY and "91% of the memory at B = 16" in large.reason  # 16,000 of 17,600
    assert "3.82 times the memory" in large.facts[2]  # (16,000 + 51,200) / (16,000 + 1,600)
    assert verdicts.memory(cost_of({16: 1}, {})).word == NOT_YET


@pytest.mark.parametrize(
    ("at_16", "at_128", "word"),
    [(2.0, 1.5, FAILS), (2.0, 0.7, PARTLY), (0.8, 0.7, HOLDS), (2.0, 1.0, UNRESOLVED)],
)
def test_accumulation_is_timed_against_one_pass(at_16, at_128, word):
    seconds = {(512, 512): 1.0, (512, 128): at_128, (512, 16): at_16}
    assert verdicts.accumulation(cost_of({b: 100 * b for b in SIZES}, seconds)).word == word


def test_without_a_split_there_is_nothing_to_time():
    spec = StepCostSpec.of(replace(RACE, train=replace(PLAN, batch_sizes=(3, 5, 7))))
    assert "No other batch size divides 7" in verdicts.accumulation(results_of(spec, [])).reason


# ---- sweeps


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
    return results_of(spec, messages)


SAME = {(b, rate): loss for b in SIZES for rate, loss in ((1e-3, 2.5), (1e-2, 2.0), (1e-1, 2.5))}


def test_tuning_is_what_the_large_loses_with_the_small_one_s_rate():
    assert verdicts.tuning(sweep_of(SAME)).word == FAILS
    other = SAME | {(512, 1e-2): 2.5, (512, 1e-1): 2.2}
    found = verdicts.tuning(sweep_of(other))
    assert found.word == HOLDS and "ends higher than with its own by 0.300" in found.facts[2]


def test_a_best_rate_that_they_share_proves_nothing_where_the_seeds_leave_room():
    near = {(16, 1e-2): 2.0, (16, 3e-2): 2.005, (512, 1e-2): 2.0, (512, 3e-2): 2.2}  # B = 16 cannot tell the two apart
    rest = {(b, rate): 2.5 for b in SIZES for rate in (1e-3, 1e-1)} | {(128, 1e-2): 2.0, (128, 3e-2): 2.0}

    mixed = {(16, 3e-2): [2.03, 2.0, 1.99]}  # at B = 16 one seed likes the one, another the other
    sweep = sweep_of(near | rest, ends=mixed)
    assert sweep.best_rates()[16].highest == 3e-2 and sweep.best_rates()[512].highest == 1e-2
    assert verdicts.tuning(sweep).word == UNRESOLVED
    del near[512, 3e-2]  # and where the large one diverges at a rate that may be the small one's
    assert verdicts.tuning(sweep_of(near | rest, ends=mixed, diverged=(3e-2, 512))).word == UNRESOLVED
    worse = {(16, 3e-2): [2.2, 2.21, 2.23]}  # a rate that is not
    assert verdicts.tuning(sweep_of(near | rest, ends=worse, diverged=(3e-2, 512))).word == FAILS


def test_a_best_rate_at_the_edge_leaves_it_open():
    lower = {(b, rate): loss for b in SIZES for rate, loss in ((1e-3, 2.0), (1e-2, 2.3), (1e-1, 2.5))}
    found = verdicts.tuning(sweep_of(lower))
    assert found.word == UNRESOLVED and "edge" in found.reason


def test_rates_that_not_all_have_come_through_do_not_count():
    assert verdicts.tuning(sweep_of({(16, 1e-3): 2.0, (16, 1e-2): 2.5})).word == NOT_YET
    begun = SAME | {(16, 1.0): 1.0}  # of the last rate only the smallest is done
    found = verdicts.tuning(sweep_of(begun))
    assert found.word == FAILS and "diverged" not in " ".join(found.facts)


def test_a_rate_at_which_the_large_diverges_is_said():
    final = {key: loss for key, loss in SAME.items() if key != (512, 1e-2)} | {(512, 1e-3): 2.2}
    sweep = sweep_of(final, diverged=(1e-2, 512))
    found = verdicts.tuning(sweep)
    assert found.word == HOLDS and "At 0.01, the best of B = 16, a run at B = 512 diverged." in found.facts


def test_a_rate_is_judged_by_a_seed_that_did_not_choose_it():
    # seed 0 alone likes rate 2, seeds 1 and 2 like rate 1: seed 0's own rate is chosen by the others
    losses = {1.0: np.array([3.0, 1.0, 1.0]), 2.0: np.array([1.0, 2.0, 2.0])}
    others = {1.0: np.array([1.0, 1.0, 1.0]), 2.0: np.array([2.0, 2.0, 2.0])}
    borrowed, own = chosen_by_others(losses, others)
    assert borrowed.tolist() == [3.0, 1.0, 1.0] and own.tolist() == [3.0, 2.0, 2.0]


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
    return results_of(spec, messages)


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
    return results_of(spec, messages)


@pytest.mark.parametrize(
    ("scales", "word"),
    [
        ([(0, 4.0, 50, 60, 70), (9, 2.5, 55, 65, 75)], PARTLY),
        ([(0, 4.0, 500, 600, 700), (9, 2.5, 800, 900, 999)], FAILS),
        ([(0, 4.0, 1, 2, 3), (9, 2.5, 4, 5, 6)], FAILS),
        ([(0, 4.0, 1, 2, 3), (9, 2.5, 500, 600, 700)], UNRESOLVED),  # it grew past the bend on the way
        ([(0, 4.0, 1, 2, 3), (9, 2.5, 4, 5, 6), (99, 2.0, 500, 600, 700)], FAILS),  # what comes later does not count
        ([(0, 4.0, 1, 2, 3), (9, 2.5, None, None, None)], UNRESOLVED),
    ],
)
def test_the_noise_scale_on_the_way_is_set_beside_the_bend(scales, word):
    found = verdicts.noise_scale(bend_sweep(), scales_of(*scales))
    assert found.word == word
    assert "critical" not in " ".join((found.reason, *found.facts))
    assert any(re.search(r"B = 6[34]\.\d \(", fact) for fact in found.facts)
