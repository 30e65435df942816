"""Waves in a loss curve, and what it does at an edge: from curves whose truth is known."""

import numpy as np
import pytest

from core.measure.correlation import WIDTH, AroundEdge, LossWaves
from core.measure.noise import LossNoise


def wave_of(losses):
    noise, waves = LossNoise(*losses.shape), LossWaves(*losses.shape)
    noise.add(losses)
    waves.add(losses)
    return WIDTH**0.5 * waves.means.pooled().value / noise.pooled().value


def test_independent_losses_have_a_wave_of_one():
    losses = 2 + 0.1 * np.random.default_rng(0).standard_normal((16_000, 2))
    assert wave_of(losses) == pytest.approx(1, abs=0.06)


def test_a_subject_that_lasts_sixteen_steps_is_seen():
    random = np.random.default_rng(0)
    subjects = np.repeat(random.standard_normal((1_000, 2)), WIDTH, axis=0)
    losses = 2 + 0.1 * random.standard_normal(subjects.shape) + 0.1 * subjects
    # a mean has variance 0.01 (1 + 1/16); a step's second differences cross a subject's end in 2 of 16 places, with
    # (1 + 1) x 0.01 the first time and again the second: 6 sigma^2 = 0.06 + 2/16 x 0.02
    assert wave_of(losses) == pytest.approx(4 * np.sqrt((1 + 1 / 16) / (1 + 1 / 24)), rel=0.06)


def test_a_straight_trend_is_no_wave():
    losses = 0.1 * np.random.default_rng(1).standard_normal((16_000, 1)) - np.arange(16_000)[:, None] / 1000
    assert wave_of(losses) == pytest.approx(1, abs=0.08)


def test_means_do_not_depend_on_how_the_blocks_are_cut():
    losses = np.random.default_rng(0).standard_normal((800, 3))
    whole, cut = LossWaves(800, 3), LossWaves(800, 3)
    whole.add(losses)
    for part in np.split(losses, [5, 16, 40, 41, 500]):
        cut.add(part)
    assert cut.means.pooled() == whole.means.pooled()


def test_runs_that_jump_together_are_worth_one():
    noise = LossNoise(400, 4)
    noise.add(np.repeat(np.random.default_rng(0).standard_normal((400, 1)), 4, axis=1))
    alone, shared = noise.of_run(0), noise.pooled(same_examples=True)
    assert (shared.value, shared.low, shared.high) == pytest.approx((alone.value, alone.low, alone.high))
    assert noise.pooled().high < shared.high


@pytest.mark.parametrize(
    ("edge", "before", "behind"),
    [(4.0, 3.5, 5.5), (4.5, 3.5, 6.5)],  # steps 3, 4 | 5, 6; where step 5 lies on the edge, 3, 4 | 6, 7
)
def test_an_edge_has_whole_steps_on_either_side(edge, before, behind):
    around = AroundEdge(edge, width=2, num_runs=1)
    for step in range(1, 9):
        assert around.complete == (step > behind + 0.5)
        around.add(np.array([[float(step)]]))
    assert [side.tolist() for side in around.means()] == [[before], [behind]]


def test_an_edge_too_near_to_the_beginning_is_never_complete():
    around = AroundEdge(0.5, width=0, num_runs=1)
    around.add(np.ones((10, 1)))
    assert not around.complete
