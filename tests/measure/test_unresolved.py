"""Data that allow no interval: an estimate says so and why, and its number is never passed off as resolved."""

import math

import numpy as np
import pytest
import torch

from core.experiments.race.messages import Noise
from core.measure.batch_noise import Population, design_effect
from core.measure.comparison import ratio_of
from core.measure.estimate import Estimate, Unresolved
from core.measure.intervals import FEWEST_DOF, Kurtosis, slope_of, spread_of
from core.measure.noise import LossNoise
from core.measure.noise_scale import noise_scale
from core.measure.targets import fit_steps

ONES = np.ones(50)
RARE, HIDDEN, ROUNDING, NOT_FINITE = Unresolved.RARE, Unresolved.HIDDEN, Unresolved.ROUNDING, Unresolved.NOT_FINITE


@pytest.mark.parametrize(
    ("squares", "dof", "size", "why"),
    [
        (ONES, 6.0, 1.0, None),
        (ONES, 5.9, 1.0, RARE),
        (ONES, 0.02, 1.0, RARE),
        (0 * ONES, 50.0, 0.0, ROUNDING),
        (1e-14 * ONES, 50.0, 1.0, ROUNDING),  # 1e-7 of the number itself
        (1e-10 * ONES, 50.0, 1.0, None),
        (math.nan * ONES, 50.0, 1.0, NOT_FINITE),
        (math.inf * ONES, 50.0, 1.0, NOT_FINITE),
        (ONES, math.nan, 1.0, NOT_FINITE),
    ],
)
def test_a_spread_has_an_interval_around_it_or_says_why_not(squares, dof, size, why):
    found = spread_of(squares, dof, size)
    assert found.unresolved == why
    if why:
        assert math.isnan(found.low) and math.isnan(found.high) and not found.contains(found.value)
    else:
        assert 0 < found.low < found.value < found.high < math.inf


def test_one_window_in_a_thousand_is_rare_for_a_hundred_batches_of_one_and_not_of_128():
    kurtosis = Kurtosis.of_numbers(np.r_[1.0, np.zeros(999)])
    assert kurtosis.single == pytest.approx(998, rel=0.01)  # D - 2, but for 1 / D
    assert kurtosis.dof(100, 1) < FEWEST_DOF < kurtosis.dof(100, 128)  # 0.2 and 20


def test_a_slope_takes_two_resolved_spreads():
    good = [spread_of(np.full(50, 1 / b), 50.0) for b in (1, 4)]
    rare = spread_of(np.full(50, 1e-6), 1.0)
    assert slope_of((1, 2, 4), [good[0], rare, good[1]]).value == pytest.approx(-0.5)  # as without the second
    for spreads in ([good[0], rare], [rare, rare]):
        slope = slope_of((1, 4), spreads)
        assert math.isnan(slope.value) and not slope.contains(-0.5)


MANY = np.r_[np.zeros(49), 1.0]  # one batch of fifty has all of it


@pytest.mark.parametrize(
    ("squares", "traces", "dof", "why"),
    [
        (ONES, ONES, math.inf, None),
        (ONES, ONES, 1.0, RARE),
        (MANY, ONES, math.inf, HIDDEN),
        (ONES, MANY, math.inf, RARE),
        (ONES, 0 * ONES, math.inf, ROUNDING),
        (ONES, -1e-7 * ONES, math.inf, ROUNDING),
        (ONES, 1e-7 * ONES, math.inf, ROUNDING),
        (math.inf * ONES, ONES, math.inf, NOT_FINITE),
        (ONES, math.nan * ONES, math.inf, NOT_FINITE),
    ],
)
def test_a_noise_scale_lies_above_zero_or_says_why_it_is_not_resolved(squares, traces, dof, why):
    found = noise_scale(squares, traces, dof)
    assert found.unresolved == why and (found.estimate is None) == (why is not None)
    assert found.ratio is None or not found.ratio <= 0
    if found.estimate:
        assert 0 < found.estimate.low <= found.estimate.value <= found.estimate.high < math.inf


def test_a_jump_in_a_calm_curve_is_no_noise():
    losses = np.full((400, 1), 2.0)
    losses[350] = 3.0  # second differences 1, -2, 1: 6 sigma^2 is 6 / 300, and their kurtosis 300 * 18 / 6^2 = 150
    noise = LossNoise(*losses.shape)
    noise.add(losses)
    assert noise.pooled() is None and noise.of_run(0) is None


def test_windows_that_do_not_vary_have_no_design_effect_and_no_tails():
    assert math.isnan(design_effect(np.full((5, 3), 2.0)))
    assert Population._kurtosis([torch.zeros(4)], [torch.tensor(0.0)]) == Kurtosis(2.0, 2.0)


def test_what_is_made_of_a_number_at_zero_or_without_bound_has_no_interval():
    zero, endless, two = Estimate(0.0, 0.0, 0.0), Estimate(math.inf, math.inf, math.inf), Estimate(2.0, 1.0, 4.0)
    assert zero.inverse == endless and endless.inverse == zero
    for other in (zero, endless):
        found = two.times(other)
        assert found.value == other.value and math.isnan(found.low) and math.isnan(found.high)


@pytest.mark.parametrize("odd", [0.0, math.inf, math.nan])
def test_a_mean_over_what_is_not_finite_has_no_interval(odd):
    found = ratio_of(np.array([1.0, 2.0, odd]), np.ones(3))
    assert not (math.isfinite(found.low) and found.low > 0) and not found.contains(1.0)
    assert fit_steps(np.array([1, 2, 4]), np.array([8.0, 4.0, odd])) is None


@pytest.mark.parametrize(
    ("change", "resolved"),
    [({}, True), ({"low": 0.5}, False), ({"high": math.inf}, False), ({"sigma": 0.0, "low": 0.0}, False)],
)
def test_a_race_s_noise_is_believed_where_its_interval_contains_it(change, resolved):
    kept = {"batch_size": 4, "step": 9, "sigma": 0.4, "low": 0.3, "high": 0.5, "lag1": 0.0, "num_differences": 99}
    assert Noise(**(kept | change)).resolved == resolved
