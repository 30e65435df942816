"""What a page draws of a race, from messages that are written by hand."""

import numpy as np
import pandas as pd
import pytest

from core.lab.curves import Curve, RaceCurves, mean_and_half_width, thin
from core.lab.experiments import RaceSpec
from core.training import TrainConfig

PLAN = TrainConfig(batch_sizes=(2, 4), num_seeds=2, max_tokens=8 * 4 * 100)


def losses(batch_size: int, first: int, rows) -> dict:
    data = np.array(rows, dtype=np.float32)
    return {
        "kind": "losses",
        "batch_size": batch_size,
        "step": first,
        "num_runs": data.shape[1],
        "data": data.tobytes(),
    }


def curves_of(messages: list[dict], plan=PLAN, half_life: int = 0) -> RaceCurves:
    curves = RaceCurves(
        lambda cursor: (messages[cursor:], len(messages)), RaceSpec(text="", block_size=8, train=plan), half_life
    )
    curves.refresh()
    return curves


def test_thinning_keeps_the_lowest_and_the_highest_of_each_bucket():
    steps = np.arange(1, 100_001)
    values = np.random.default_rng(0).normal(size=100_000)
    kept = thin(steps, values, 200)
    assert len(kept) <= 202 and (np.diff(kept) > 0).all()
    assert {0, 99_999, values.argmin(), values.argmax()} <= set(kept)
    width = 1024  # the power of two that makes at most 100 buckets of 100,000 steps
    for bucket in range(1, 97):
        inside = np.flatnonzero(steps // width == bucket)
        assert {inside[values[inside].argmin()], inside[values[inside].argmax()]} <= set(kept)


def test_a_short_curve_is_left_as_it_is():
    assert thin(np.arange(5), np.zeros(5), 5).tolist() == [0, 1, 2, 3, 4]


def test_a_curve_stays_small_and_keeps_its_extremes():
    curve = Curve(50)
    values = np.random.default_rng(0).normal(size=(30_000, 1))
    for first in range(0, 30_000, 100):
        curve.add(np.arange(first, first + 100), values[first : first + 100])
        assert len(curve.steps) <= 200
    _, kept = curve.thinned()
    assert kept.min() == values.min() and kept.max() == values.max()


def test_mean_and_band_are_those_of_the_seeds():
    lines, mean = curves_of([losses(2, 1, [[1.0, 3.0], [2.0, 2.5]])]).training_tables("steps")
    assert mean[["x", "mean", "low", "high", "batch_size"]].values.tolist() == [[1, 2, 1, 3, 2], [2, 2.25, 2, 2.5, 2]]
    assert lines[lines.seed == 1][["x", "loss"]].values.tolist() == [[1, 3.0], [2, 2.5]]


def test_three_axes():
    speed = {"kind": "speed", "batch_size": 4, "step_seconds": 0.5}
    curves = curves_of([losses(4, 1, [[1.0, 1.0]] * 3), speed])
    x = {axis: curves.training_tables(axis)[0]["x"].unique().tolist() for axis in ("steps", "tokens", "seconds")}
    assert x == {"steps": [1, 2, 3], "tokens": [32, 64, 96], "seconds": [0.5, 1.0, 1.5]}


def test_without_a_time_there_are_no_seconds_yet():
    lines, mean = curves_of([losses(4, 1, [[1.0, 1.0]])]).training_tables("seconds")
    assert len(lines) == len(mean) == 0


def test_a_run_that_diverged_leaves_the_others():
    curves = curves_of(
        [
            losses(2, 1, [[1.0, 2.0], [np.nan, 4.0]]),
            {"kind": "diverged", "batch_size": 2, "seed": 0, "step": 2},
            {"kind": "eval", "batch_size": 2, "step": 2, "losses": [None, 4.0]},
        ]
    )
    lines, mean = curves.training_tables("steps")
    assert len(lines) == 3 and mean["mean"].tolist() == [1.5, 4.0]
    lines, mean = curves.validation_tables("steps")
    assert lines["loss"].tolist() == [4.0] and mean["mean"].tolist() == [4.0]


def test_progress_counts_tokens_and_diverged_runs_as_done():
    # 400 tokens of windows each: B = 2 has 200 steps, B = 4 a hundred; four runs
    assert curves_of([losses(4, 1, [[1.0, 1.0]] * 100)]).progress == pytest.approx(0.5)
    gone = [{"kind": "diverged", "batch_size": 2, "seed": s, "step": 1} for s in (0, 1)]
    assert curves_of([losses(4, 1, [[1.0, 1.0]] * 100), *gone]).progress == pytest.approx(1.0)


@pytest.mark.parametrize("size", [1, 7, 40])
def test_smoothing_goes_on_from_block_to_block(size):
    values = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    blocks = [losses(2, first + 1, values[first : first + size]) for first in range(0, 40, size)]
    lines, _ = curves_of(blocks, half_life=2 * 8 * 5).training_tables("steps")  # five steps of B = 2
    expected = pd.Series(values[:, 0].astype(float)).ewm(halflife=5, adjust=False).mean()
    np.testing.assert_allclose(lines[lines.seed == 0]["loss"], expected, rtol=1e-6)


def test_only_what_is_new_is_read():
    messages = [losses(2, 1, [[1.0, 1.0]])]
    curves = curves_of(messages)
    assert not curves.refresh()
    messages.append(losses(2, 2, [[5.0, 5.0]]))
    assert curves.refresh() and curves.training_tables("steps")[1]["mean"].tolist() == [1.0, 5.0]


def test_the_t_interval_by_hand():
    mean, half = mean_and_half_width(np.array([1.0, 2.0, 3.0]))  # s = 1, t = 4.303 at n = 3
    assert (mean, half) == (2.0, pytest.approx(4.303 / 3**0.5, rel=1e-3))
    assert np.isnan(mean_and_half_width(np.array([1.0]))[1])
