"""Steps to a target, by hand; and the fit of S(B), on the case S_min = 1000, E_min = 1e6."""

import numpy as np
import pytest

from core.measure.targets import fit_steps, is_resolved, steps_to_target

S_MIN, E_MIN = 1000, 1e6
SIZES = np.array([100, 300, 1000, 3000, 10_000])


def true_steps(sizes: np.ndarray) -> np.ndarray:
    return S_MIN + E_MIN / sizes


def test_the_fixture():
    assert true_steps(np.array([100, 1000, 10_000])).tolist() == [11_000, 2_000, 1_100]


def test_exact_data_give_the_numbers_back():
    found = fit_steps(np.repeat(SIZES, 2), true_steps(np.repeat(SIZES, 2)))
    assert (found.s_min.value, found.e_min.value, found.b_crit.value) == pytest.approx((S_MIN, E_MIN, 1000), rel=1e-4)
    assert found.steps(SIZES) == pytest.approx(true_steps(SIZES), rel=1e-4)
    S, E = found.steps(SIZES), SIZES * found.steps(SIZES)
    assert (S / found.s_min.value - 1) * (E / found.e_min.value - 1) == pytest.approx(np.ones(5), rel=1e-3)


@pytest.mark.parametrize("shared", [0.0, 0.06])  # what the runs of a batch size have in common, its grid of rates say
def test_noisy_data_give_them_back_within_intervals_that_hold_as_often_as_they_say(shared):
    rng = np.random.default_rng(0)
    sizes = np.repeat(SIZES, 3)
    hits = []
    for _ in range(200):
        scatter = rng.normal(0, 0.08, len(sizes)) + np.repeat(rng.normal(0, shared, len(SIZES)), 3)
        found = fit_steps(sizes, true_steps(sizes) * np.exp(scatter))
        truths = ((found.s_min, S_MIN), (found.e_min, E_MIN), (found.b_crit, E_MIN / S_MIN))
        hits.append([fit.contains(truth) for fit, truth in truths])
    assert all(0.90 <= share <= 0.99 for share in np.mean(hits, axis=0))


def test_runs_that_follow_no_such_curve_leave_an_interval_without_an_end():
    found = fit_steps(np.array([2, 3, 8]), np.array([1, 30, 1]))
    assert found.b_crit.low == 0 and found.b_crit.high == np.inf and not is_resolved(found.b_crit)


def test_runs_far_from_the_bend_do_not_resolve_it():
    sizes = np.repeat([1, 2, 4, 8], 3)  # S_min = 1000 makes less than a percent of these steps
    found = fit_steps(sizes, true_steps(sizes) * np.exp(np.random.default_rng(1).normal(0, 0.1, len(sizes))))
    assert found is None or not is_resolved(found.s_min)


@pytest.mark.parametrize(("sizes", "steps"), [([4, 16], [10, 5]), ([4, 4, 16, 16], [9, 9, 5, 5]), ([], [])])
def test_too_few_runs_are_not_fitted(sizes, steps):
    assert fit_steps(np.array(sizes), np.array(steps)) is None


@pytest.mark.parametrize(
    ("losses", "target", "step"),
    [
        ([4, 3, 2, 1], 2.5, 15),
        ([4, 3, 2, 1], 2.0, 20),
        ([4, 2, 3, 1], 2.5, 7.5),  # the first time counts
        ([4, 3, 2, 1], 0.5, np.inf),
        ([4, 3, 2, 1], 5.0, 0),
        ([4, np.nan, np.nan, np.nan], 2.0, np.inf),
    ],
)
def test_the_first_crossing(losses, target, step):
    assert steps_to_target(np.array([0, 10, 20, 30]), np.array(losses, dtype=float), target) == pytest.approx(step)
