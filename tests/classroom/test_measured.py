"""Each prepared activity, measured: its interval holds what theory says, or another way to the same number."""

import math
from dataclasses import replace

import numpy as np
import pytest
from from_messages import results_of

from core.classroom.activities import BY_NAME, PREPARED
from core.classroom.measurement import NOISE_STEP, trial_of, with_tokens
from core.experiments.registry import kind_of
from core.measure.coverage import expected_unseen
from core.measure.estimate import Estimate

SEEDS = 4
MEASURED = {}  # by what was measured: activities share a race


def measured(name: str):
    """(activity, its spec, the results)"""
    activity = BY_NAME[name]
    spec = trial_of(activity, SEEDS)
    if name == "noisier":  # its windows may be short: then more of them take as long
        spec = with_tokens(replace(spec, block_size=8), 300 * 64 * 8)
    if repr(spec) not in MEASURED:
        MEASURED[repr(spec)] = results_of(spec, kind_of(spec).run(spec))
    return activity, spec, MEASURED[repr(spec)]


@pytest.mark.slow
def test_a_small_batch_is_as_much_noisier_as_theory_says():
    activity, _, results = measured("noisier")
    settled = activity.settle(results)
    assert settled.num_ended == SEEDS and settled.estimate.contains(activity.theory) and settled.estimate.above(3)
    loss = [results.evaluations(b)[1] for b in (4, 64)]
    assert all(abs(each[-1] - each[0]).max() < 0.1 for each in loss)  # it does stand nearly still


@pytest.mark.slow
@pytest.mark.parametrize("axis, leader", [("steps", "B = 64"), ("tokens", "B = 4"), ("seconds", "")])
def test_who_leads_depends_on_what_is_equal(axis, leader):
    activity, _, results = measured(f"equal-{axis}")
    settled = activity.settle(results)
    assert settled.num_ended == SEEDS and settled.estimate.value > 0
    _, losses = results.validation_at_equal(axis)
    means = sorted(np.mean(each) for each in losses.values())
    assert settled.estimate.contains(means[1] - means[0])
    if leader:  # that of seconds depends on the machine
        assert activity.form.texts[settled.option] == leader and settled.estimate.above(0)


@pytest.mark.slow
def test_twice_the_batch_takes_fewer_steps_but_not_half_as_many():
    activity, spec, results = measured("half-the-steps")
    settled = activity.settle(results)
    assert settled.num_ended == SEEDS and settled.estimate.above(1) and settled.estimate.below(2)
    place, (small, large) = 0, (results.evaluations(b) for b in spec.train.batch_sizes)
    target = max(small[1][:, place].min(), large[1][:, place].min())
    before = [int(steps[losses[:, place] > target].max()) for steps, losses, _ in (small, large)]
    after = [int(steps[losses[:, place] <= target].min()) for steps, losses, _ in (small, large)]
    assert before[0] / after[1] <= settled.values[place] <= after[0] / before[1]


def test_random_windows_leave_as_much_unread_as_the_formula_says():
    activity, spec, results = measured("unread")
    settled = activity.settle(results)
    num_tokens, T = len(spec.race.build()[0].train_ids), spec.race.block_size
    assert settled.estimate.contains(100 * expected_unseen(num_tokens, T, (num_tokens - 1) // T))
    assert settled.estimate.contains(activity.theory) and abs(activity.theory - 100 / math.e) < 0.1


def test_padding_wastes_as_much_as_many_more_batches_say():
    activity, spec, results = measured("padding")
    settled = activity.settle(results)
    more = replace(spec, num_draws=400)
    others = [message.percent for message in kind_of(more).run(more) if message.kind == "drawn"][SEEDS:]
    assert settled.estimate.contains(np.mean(others)) and 30 < np.mean(others) < 70


@pytest.mark.slow
@pytest.mark.parametrize("name, least, most", [("speed", 1, 64), ("accumulation", 1, 16)])
def test_what_a_step_takes_is_timed_on_this_machine(name, least, most):
    activity, _, results = measured(name)
    settled = activity.settle(results)
    first, last = (activity.estimate(settled.values[half]) for half in (slice(None, None, 2), slice(1, None, 2)))
    assert least < settled.estimate.value < most and settled.num_ended >= 4
    assert max(first.low, last.low) <= min(first.high, last.high)  # every other round says the same


@pytest.mark.slow
def test_a_batch_as_large_as_the_noise_scale_points_the_right_way():
    activity, spec, results = measured("direction")
    found = activity.settle(results).estimate
    scale = results.scales[NOISE_STEP]
    assert isinstance(found, Estimate) and found.contains(scale.trace_cov / scale.whole_grad_sq_norm)
    cosines = results.batch_table(NOISE_STEP, "cosine").groupby("batch_size")["value"].mean()
    assert cosines[[b for b in spec.batch_sizes if b < found.low]].max() < math.cos(math.pi / 4)
    assert cosines[[b for b in spec.batch_sizes if b > found.high]].min() > math.cos(math.pi / 4)


def test_every_activity_is_here():
    tried = {"noisier", "half-the-steps", "unread", "padding", "speed", "accumulation", "direction"}
    assert {activity.name for activity in PREPARED} == tried | {
        f"equal-{axis}" for axis in ("steps", "tokens", "seconds")
    }
    assert len(PREPARED) >= 8
