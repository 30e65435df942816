"""What a page draws of a race, from messages that are written by hand."""

import numpy as np
import pandas as pd
import pytest
from from_messages import results_of

from core.experiments.race.curve import Curve, excess, thin
from core.experiments.race.results import MAX_POINTS, RaceResults, run_losses
from core.experiments.race.spec import RaceSpec
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


def curves_of(messages: list[dict], plan=PLAN, half_life: int = 0) -> RaceResults:
    return results_of(RaceSpec(text="", block_size=8, train=plan), messages, half_life_tokens=half_life)


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


def test_thinning_twice_is_thinning_once():
    steps, values = np.arange(1, 5_001), np.random.default_rng(0).normal(size=5_000)
    once = thin(steps, values, 100)
    again = thin(steps[once], values[once], 100)
    assert len(once) > 50 and again.tolist() == list(range(len(once)))


def test_thinning_bears_gaps_in_the_steps():
    steps = np.concatenate([np.arange(1, 101), np.arange(10_001, 10_101)])
    kept = thin(steps, np.sin(steps), 20)
    assert {0, 199} <= set(kept.tolist()) and len(kept) <= 22


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


def test_one_wild_loss_is_still_there_at_the_end_of_a_long_race():
    values = np.ones((32_000, 2))
    values[5_000, 1] = 7.0
    curves = curves_of([losses(2, first + 1, values[first : first + 32]) for first in range(0, 32_000, 32)])
    lines, mean = curves.training_tables("steps")
    assert len(lines) + len(mean) <= 2 * MAX_POINTS
    assert lines.loc[lines["loss"].idxmax(), ["x", "loss", "seed"]].tolist() == [5_001, 7.0, 1]


def test_the_ends_of_a_curve_are_its_first_and_last_step():
    values = np.random.default_rng(0).normal(size=(4_000, 2))
    _, mean = curves_of([losses(2, 1, values)]).training_tables("steps")
    assert mean["x"].iloc[[0, -1]].tolist() == [1, 4_000] and len(mean) < 500


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
    assert curves_of([losses(4, 1, [[1.0, 1.0]] * 100)]).share == pytest.approx(0.5)
    gone = [{"kind": "diverged", "batch_size": 2, "seed": s, "step": 1} for s in (0, 1)]
    assert curves_of([losses(4, 1, [[1.0, 1.0]] * 100), *gone]).share == pytest.approx(1.0)


@pytest.mark.parametrize("size", [1, 7, 40])
def test_smoothing_goes_on_from_block_to_block(size):
    values = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    blocks = [losses(2, first + 1, values[first : first + size]) for first in range(0, 40, size)]
    lines, _ = curves_of(blocks, half_life=2 * 8 * 5).training_tables("steps")  # five steps of B = 2
    expected = pd.Series(values[:, 0].astype(float)).ewm(halflife=5, adjust=False).mean()
    np.testing.assert_allclose(lines[lines.seed == 0]["loss"], expected, rtol=1e-6)


def test_smoothing_bears_a_run_that_ended():
    values = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    values[7:, 0] = np.nan
    blocks = [losses(2, 1, values[:5]), losses(2, 6, values[5:12]), losses(2, 13, values[12:])]
    lines, _ = curves_of(blocks, half_life=2 * 8 * 5).training_tables("steps")
    assert lines[lines.seed == 0]["x"].tolist() == list(range(1, 8))
    other = pd.Series(values[:, 1].astype(float)).ewm(halflife=5, adjust=False).mean()
    np.testing.assert_allclose(lines[lines.seed == 1]["loss"], other, rtol=1e-6)


def test_the_half_life_is_in_tokens():
    # 1, then 0 for ever: after one half-life it stands at 1/2, which is 4 steps at B = 2 and 2 steps at B = 4
    blocks = [losses(b, 1, [[1.0, 1.0]] + [[0.0, 0.0]] * 4) for b in (2, 4)]
    lines, _ = curves_of(blocks, half_life=64).training_tables("tokens")
    for batch_size in (2, 4):
        curve = lines[(lines.batch_size == batch_size) & (lines.seed == 0)].set_index("x")["loss"]
        assert curve[batch_size * 8 + 64] == pytest.approx(0.5)


def test_an_axis_ends_where_the_race_will():
    curves = curves_of([{"kind": "speed", "batch_size": b, "step_seconds": s} for b, s in ((2, 0.1), (4, 0.3))])
    assert (curves.x_limit("steps"), curves.x_limit("tokens")) == (200, 3_200)  # 3,200 / 16 and 3,200 / 32 steps
    assert curves.x_limit("seconds") == pytest.approx(30.0)  # 200 x 0.1 and 100 x 0.3
    assert curves_of([]).x_limit("seconds") == 1.0


def test_jumps_are_taken_against_the_median_around_by_hand():
    # medians of (5 4), (5 4 9), (4 9 3), (9 3 2), (3 2)
    found = excess(np.array([5.0, 4.0, 9.0, 3.0, 2.0]), half_width=1)
    assert found.tolist() == [0.5, -1.0, 5.0, 0.0, -0.5]


def test_the_losses_of_a_run_come_whole_and_in_order():
    messages = [losses(2, 1, [[1, 2], [3, 4]]), losses(4, 1, [[9, 9]]), losses(2, 3, [[5, 6]])]
    spec = RaceSpec(text="", block_size=8, train=PLAN)
    assert run_losses(lambda cursor: (messages[cursor:], len(messages)), spec, 2, 1).tolist() == [2, 4, 6]


@pytest.mark.parametrize("half_life", [0, 2_000])
@pytest.mark.parametrize("axis", ["steps", "tokens", "seconds"])
def test_a_point_that_was_drawn_is_found_again_as_its_step(axis, half_life):
    steps = np.arange(1, 201)
    values = np.random.default_rng(0).normal(2.0, 0.1, (200, 2))
    messages = [losses(2, 1, values), {"kind": "speed", "batch_size": 2, "step_seconds": 0.003}]
    curves = curves_of(messages, half_life=half_life)
    lines, _ = curves.training_tables(axis)
    drawn = lines[(lines["seed"] == 1) & (lines["batch_size"] == 2)]
    scale = {"steps": 1, "tokens": 16, "seconds": 0.003}[axis]
    expected = [step for step in steps if (np.abs(drawn["x"] - step * scale) < scale / 10).any()]
    points = zip(drawn["x"].astype(np.float32), drawn["loss"].astype(np.float32), strict=True)
    assert [curves.step_at(axis, 2, 1, float(x), float(loss)) for x, loss in points] == expected
    assert len(expected) > 20


def test_a_point_that_is_no_longer_drawn_is_said_in_a_sentence():
    with pytest.raises(ValueError, match="choose it again"):
        curves_of([losses(2, 1, [[1, 2]])]).step_at("steps", 2, 1, 1.0, 7.0)


def evals(batch_size: int, *rows) -> list[dict]:
    return [{"kind": "eval", "batch_size": batch_size, "step": step, "losses": list(losses)} for step, losses in rows]


@pytest.mark.parametrize(
    ("axis", "x", "two", "four"),
    [  # B = 2 has read 16 tokens a step and takes 1 s for it; B = 4 has read 32, and takes 1.5 s
        ("steps", 10, [3.5, 4.5], [2.0, 3.0]),
        ("tokens", 320, [3.0, 4.0], [2.0, 3.0]),
        ("seconds", 15, [3.25, 4.25], [2.0, 3.0]),
    ],
)
def test_validation_at_equal_steps_tokens_and_seconds(axis, x, two, four):
    speeds = [{"kind": "speed", "batch_size": b, "step_seconds": s} for b, s in ((2, 1.0), (4, 1.5))]
    messages = evals(2, (0, (4, 5)), (20, (3, 4))) + evals(4, (0, (4, 5)), (10, (2, 3))) + speeds
    equal, losses = curves_of(messages).validation_at_equal(axis)
    assert equal == x
    assert losses[2].tolist() == pytest.approx(two) and losses[4].tolist() == pytest.approx(four)


def test_equal_waits_for_all_and_leaves_out_what_diverged():
    begun = evals(2, (0, (4, 5)), (20, (3, 4))) + evals(4, (0, (4, 5)))
    assert curves_of(begun).validation_at_equal("tokens")[1] == {}
    diverged = [{"kind": "diverged", "batch_size": 4, "seed": 0, "step": 3}]
    assert set(curves_of(begun + diverged).validation_at_equal("tokens")[1]) == {2}
