"""Which batch size is first at a target, from steps and times that are written by hand."""

import numpy as np
import pandas as pd

from core.measure.time_to_target import soonest_of, steps_of

TIMES = {4: np.array([0.010, 0.010]), 16: np.array([0.020, 0.020]), 64: np.array([0.080, 0.080])}


def test_the_product_of_steps_and_time_decides():
    steps = {4: np.array([100.0, 101, 99]), 16: np.array([30.0, 30.3, 29.7]), 64: np.array([20.0, 20.2, 19.8])}
    found = soonest_of(steps, TIMES)  # 1.0, 0.6 and 1.6 seconds
    assert (found.batch_size, found.second, found.rivals) == (16, 4, ())
    assert round(found.seconds, 2) == 0.6 and round(found.behind.value, 2) == 1.67


def test_one_whose_interval_holds_1_is_a_rival():
    steps = {4: np.array([60.0, 90, 40]), 16: np.array([30.0, 28, 32]), 64: np.array([20.0, 20.2, 19.8])}
    found = soonest_of(steps, TIMES)
    assert found.choices == (4, 16)


def test_one_seed_cannot_tell_any_apart():
    steps = {b: np.array([10.0]) for b in TIMES}
    assert soonest_of(steps, TIMES).choices == (4, 16, 64)


def test_a_batch_size_that_did_not_reach_it_has_no_steps():
    runs = pd.DataFrame({"batch_size": [4, 4, 16, 16], "steps": [10.0, 12.0, 9.0, np.inf]})
    assert list(steps_of(runs)) == [4]
