"""Who leads, and whether the seeds can tell."""

import numpy as np
import pytest

from core.measure.comparison import lead_of, mean_and_half_width


def test_the_t_interval_by_hand():
    # s = 1, n = 3, t = 4.303
    assert mean_and_half_width(np.array([1.0, 2.0, 3.0])) == (
        pytest.approx(2.0),
        pytest.approx(4.303 / 3**0.5, rel=1e-3),
    )
    assert np.isnan(mean_and_half_width(np.array([1.0]))[1])


def test_pairing_takes_out_what_seeds_share():
    seeds = np.array([0.0, 1.0, 2.0])  # seeds differ far more than batch sizes do
    found = lead_of({4: 2 + seeds, 16: 2.1 + seeds + [0.01, -0.01, 0.0]})
    assert (found.leader, found.second) == (4, 16) and found.resolved
    assert found.difference.value == pytest.approx(0.1)


def test_a_difference_within_the_scatter_is_not_resolved():
    found = lead_of({4: np.array([2.0, 2.4, 2.2]), 16: np.array([2.3, 2.2, 2.2])})
    assert not found.resolved and found.difference.contains(0)


def test_a_single_seed_resolves_nothing():
    found = lead_of({4: np.array([2.0]), 16: np.array([9.0])})
    assert found.leader == 4 and not found.resolved


def test_a_batch_size_with_a_diverged_run_does_not_lead():
    found = lead_of({1: np.array([1.0, np.nan]), 4: np.array([2.0, 2.2]), 16: np.array([2.5, 2.6])})
    assert found.leader == 4
    assert lead_of({1: np.array([1.0, np.nan]), 4: np.array([2.0, 2.2])}) is None


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(200, 5))
    found = [lead_of({4: s + rng.normal(0, 0.1, 5), 16: s + 1 + rng.normal(0, 0.1, 5)}) for s in shared]
    assert 0.90 <= np.mean([f.difference.contains(1) for f in found]) <= 0.99
