"""Verdicts from a sweep, alone or beside the noise scale, that are written by hand."""

import numpy as np
import pytest

from core.lessons.check_the_claims import verdicts
from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.sweep import chosen_by_others
from core.lessons.check_the_claims.words import answer_text, fact_sentences, headline
from tests.lessons.measured import SAME, SIZES, bend_sweep, scales_of, sweep_of

HOLDS, PARTLY, FAILS, UNRESOLVED, NOT_YET = Outcome


def test_tuning_is_what_the_large_loses_with_the_small_one_s_rate():
    assert verdicts.tuning(sweep_of(SAME)).outcome == FAILS
    other = SAME | {(512, 1e-2): 2.5, (512, 1e-1): 2.2}
    verdict = verdicts.tuning(sweep_of(other))
    assert verdict.outcome == HOLDS and verdict.costs[512].value == pytest.approx(0.3)


def test_a_best_rate_that_they_share_proves_nothing_where_the_seeds_leave_room():
    near = {(16, 1e-2): 2.0, (16, 3e-2): 2.005, (512, 1e-2): 2.0, (512, 3e-2): 2.2}  # B = 16 cannot tell the two apart
    rest = {(b, rate): 2.5 for b in SIZES for rate in (1e-3, 1e-1)} | {(128, 1e-2): 2.0, (128, 3e-2): 2.0}

    mixed = {(16, 3e-2): [2.03, 2.0, 1.99]}  # at B = 16 one seed likes the one, another the other
    sweep = sweep_of(near | rest, ends=mixed)
    assert sweep.best_rates()[16].highest == 3e-2 and sweep.best_rates()[512].highest == 1e-2
    assert verdicts.tuning(sweep).outcome == UNRESOLVED
    del near[512, 3e-2]  # and where the large one diverges at a rate that may be the small one's
    assert verdicts.tuning(sweep_of(near | rest, ends=mixed, diverged=(3e-2, 512))).outcome == UNRESOLVED
    worse = {(16, 3e-2): [2.2, 2.21, 2.23]}  # a rate that is not
    assert verdicts.tuning(sweep_of(near | rest, ends=worse, diverged=(3e-2, 512))).outcome == FAILS


def test_a_best_rate_at_the_edge_leaves_it_open():
    lower = {(b, rate): loss for b in SIZES for rate, loss in ((1e-3, 2.0), (1e-2, 2.3), (1e-1, 2.5))}
    verdict = verdicts.tuning(sweep_of(lower))
    assert verdict.outcome == UNRESOLVED and verdict.at_edge


def test_rates_that_not_all_have_come_through_do_not_count():
    assert verdicts.tuning(sweep_of({(16, 1e-3): 2.0, (16, 1e-2): 2.5})).outcome == NOT_YET
    begun = SAME | {(16, 1.0): 1.0}  # of the last rate only the smallest is done
    verdict = verdicts.tuning(sweep_of(begun))
    assert verdict.outcome == FAILS and not verdict.diverged(512)


def test_a_rate_at_which_the_large_diverges_is_said():
    final = {key: loss for key, loss in SAME.items() if key != (512, 1e-2)} | {(512, 1e-3): 2.2}
    sweep = sweep_of(final, diverged=(1e-2, 512))
    verdict = verdicts.tuning(sweep)
    assert verdict.outcome == HOLDS and verdict.best[16] == 1e-2
    assert verdict.diverged(512) and not verdict.diverged(16)


def test_a_rate_is_judged_by_a_seed_that_did_not_choose_it():
    # seed 0 alone likes rate 2, seeds 1 and 2 like rate 1: seed 0's own rate is chosen by the others
    losses = {1.0: np.array([3.0, 1.0, 1.0]), 2.0: np.array([1.0, 2.0, 2.0])}
    others = {1.0: np.array([1.0, 1.0, 1.0]), 2.0: np.array([2.0, 2.0, 2.0])}
    borrowed, own = chosen_by_others(losses, others)
    assert borrowed.tolist() == [3.0, 1.0, 1.0] and own.tolist() == [3.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("scales", "outcome"),
    [
        ([(0, 4.0, 50, 60, 70), (9, 2.5, 55, 65, 75)], PARTLY),
        ([(0, 4.0, 500, 600, 700), (9, 2.5, 800, 900, 999)], FAILS),
        ([(0, 4.0, 1, 2, 3), (9, 2.5, 4, 5, 6)], FAILS),
        ([(0, 4.0, 1, 2, 3), (9, 2.5, 500, 600, 700)], UNRESOLVED),  # it grew past the bend on the way
        (
            [(0, 4.0, 1, 2, 3), (9, 2.5, 4, 5, 6), (99, 2.0, 500, 600, 700)],
            FAILS,
        ),  # what comes later does not count
        ([(0, 4.0, 1, 2, 3), (9, 2.5, None, None, None)], UNRESOLVED),
        ([(0, 4.0, 1, 2, 3), (9, 2.5, -8e-8, 1e-5, 3e-5)], UNRESOLVED),  # as a former version kept what is rounding
        ([(0, 4.0, 0.0, 0.0, 0.0), (9, 2.5, 0.0, 0.0, 0.0)], UNRESOLVED),
    ],
)
def test_the_noise_scale_on_the_way_is_set_beside_the_bend(scales, outcome):
    verdict = verdicts.noise_scale(bend_sweep(), scales_of(*scales))
    assert verdict.outcome == outcome
    assert verdict.bend.value == pytest.approx(64, rel=0.02)
    assert all([headline(verdict), answer_text(verdict), fact_sentences(verdict)])
