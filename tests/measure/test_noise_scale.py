"""The noise scale, on a linear model whose G and Sigma are known in closed form, and its fixtures.

The model: y = w x + e with x ~ N(0, 1) in d dimensions and e ~ N(0, s^2), loss (w' x - y)^2 / 2, at w' = w + u. An
example's gradient is g = (u x - e) x, so G = u and E|g|^2 = (d + 2)|u|^2 + d s^2; tr(Sigma) = (d + 1)|u|^2 + d s^2.
"""

import numpy as np
import pytest

from core.measure.intervals import Kurtosis, slope_of, spread_of
from core.measure.noise_scale import from_examples, from_two_sizes, noise_scale

D, S = 8, 1.0
U = np.full(D, 0.5)
GRAD_SQ, TRACE = U @ U, (D + 1) * (U @ U) + D * S**2


def gradients(rng, *shape) -> np.ndarray:
    x = rng.normal(size=(*shape, D))
    return (x @ U - rng.normal(0, S, size=shape))[..., None] * x


def estimates(rng, num_batches: int, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    g = gradients(rng, num_batches, batch_size)
    return from_examples((g**2).sum(-1).mean(1), (g.mean(1) ** 2).sum(-1), batch_size)


def test_the_estimators_agree_with_the_closed_form_within_three_standard_errors():
    for values, truth in zip(estimates(np.random.default_rng(0), 4000, 16), (GRAD_SQ, TRACE), strict=True):
        assert abs(values.mean() - truth) < 3 * values.std() / len(values) ** 0.5


def test_both_estimators_agree():
    g = gradients(np.random.default_rng(1), 20_000, 16)
    squares = [(g[:, :b].mean(1) ** 2).sum(-1).mean() for b in (2, 16)]
    assert from_two_sizes(*squares, 2, 16) == pytest.approx((GRAD_SQ, TRACE), rel=0.05)


@pytest.mark.parametrize(("squares_big", "scale"), [(2.8e-3, 5147), (1.05 * 2.8e-3, 3226), (0.95 * 2.8e-3, 12583)])
def test_the_fixture_and_how_ill_conditioned_it_is(squares_big, scale):
    grad_sq, trace = from_two_sizes(4.1e-2, squares_big, 32, 512)
    assert trace / grad_sq == pytest.approx(scale, rel=1e-3)
    if scale == 5147:
        assert (grad_sq, trace) == (pytest.approx(2.533e-4, rel=1e-3), pytest.approx(1.304, rel=1e-3))


def test_its_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    found = [noise_scale(*estimates(rng, 50, 32), seed=i) for i in range(200)]
    assert 0.90 <= np.mean([f.estimate.contains(TRACE / GRAD_SQ) for f in found]) <= 0.99


def test_a_mean_gradient_lost_in_noise_is_not_resolved():
    rng = np.random.default_rng(3)
    g = rng.normal(size=(50, 4, 1000))  # G is 0
    found = noise_scale(*from_examples((g**2).sum(-1).mean(1), (g.mean(1) ** 2).sum(-1), 4))
    assert found.estimate is None
    assert found.trace_cov == pytest.approx(1000, rel=0.05)


def test_averages_come_before_the_ratio():
    found = noise_scale(np.array([1.0, -1.0, 3.0]), np.array([2.0, 2.0, 2.0]))
    assert found.ratio == 2.0  # the mean of the ratios is 0.22
    assert noise_scale(np.array([-1.0, -3.0]), np.array([2.0, 2.0])).ratio is None


def test_the_spread_of_a_gradient_has_an_interval_that_holds_the_truth():
    rng = np.random.default_rng(4)
    v = gradients(rng, 1600) - U
    products = v @ v.T
    off = products[~np.eye(len(v), dtype=bool)]
    squares = products.diagonal()
    kurtosis = Kurtosis(2 * (off**2).mean() / squares.mean() ** 2, squares.var() / squares.mean() ** 2)
    sizes, hits = (1, 4, 16), []
    for _ in range(200):
        spreads = [spread_of(((gradients(rng, 64, b).mean(1) - U) ** 2).sum(-1), kurtosis.dof(64, b)) for b in sizes]
        slope = slope_of(sizes, spreads)
        hits.append((spreads[0].contains(TRACE**0.5), slope.contains(-0.5)))
    assert all(0.90 <= share <= 0.99 for share in np.mean(hits, axis=0))
