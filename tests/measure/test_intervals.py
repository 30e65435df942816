"""Spreads and slopes: what they are, and that their 95% intervals hold the truth about as often as they say."""

import numpy as np
import pytest

from core.measure.intervals import Kurtosis, slope_of, spread_of, without_replacement

REPETITIONS = 200
SIZES = [1, 2, 4, 8, 16, 32]


def covered(intervals, truth: float) -> float:
    return np.mean([found.contains(truth) for found in intervals])


def test_a_straight_line_is_found():
    spreads = [spread_of(np.full(50, (3 / b**0.5) ** 2), dof=50) for b in SIZES]
    assert [s.value for s in spreads] == pytest.approx([3 / b**0.5 for b in SIZES])
    assert slope_of(SIZES, spreads).value == pytest.approx(-0.5)


def test_more_batches_make_the_interval_narrower_by_their_root():
    few, many = (slope_of(SIZES, [spread_of(np.ones(n), dof=n) for _ in SIZES]) for n in (100, 400))
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2)


@pytest.mark.parametrize("excess", [0.0, 6.0], ids=["normal", "exponential"])
def test_intervals_of_a_number_hold_the_truth(excess):
    rng = np.random.default_rng(5)
    kurtosis = Kurtosis(pair=2.0, single=2 + excess)
    firsts, slopes = [], []
    for _ in range(REPETITIONS):
        spreads = []
        for b in SIZES:
            means = rng.normal(size=100) / b**0.5 if not excess else rng.gamma(b, size=100) / b - 1
            spreads.append(spread_of(means**2, kurtosis.dof(100, b)))
        firsts.append(spreads[0])
        slopes.append(slope_of(SIZES, spreads))
    assert 0.90 <= covered(firsts, 1.0) <= 0.99
    assert 0.90 <= covered(slopes, -0.5) <= 0.99


def test_kurtosis_of_a_population_of_numbers():
    values = np.random.default_rng(0).exponential(size=1_000_000)
    assert Kurtosis.of_numbers(values).single == pytest.approx(8.0, rel=0.1)  # kurtosis 9 less 1


def test_distinct_windows_lie_nearer_and_the_whole_text_has_no_noise():
    values = np.random.default_rng(3).normal(size=12)
    rng = np.random.default_rng(4)
    for b, factor in zip((1, 5, 11, 12), without_replacement((1, 5, 11, 12), 12), strict=True):
        means = [rng.choice(values, b, replace=False).mean() for _ in range(20_000)]
        assert np.std(means) == pytest.approx(values.std() * factor, rel=0.03, abs=1e-9)
