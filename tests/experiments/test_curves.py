"""What a page draws of a race, from messages that are written by hand."""

import numpy as np
import pandas as pd
import pytest
from from_messages import results_of

from core.experiments.race.curve import excess
from core.experiments.race.envelope import Envelope
from core.experiments.race.results import RaceResults, nearest_step, run_losses
from core.experiments.race.spec import RaceSpec
from core.lab.recording import RECORDINGS, read_recording
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


def test_a_column_holds_the_lowest_and_the_highest_of_its_steps():
    values = np.random.default_rng(0).normal(size=(100_000, 2))
    envelope = Envelope(100_000, num_runs=2)
    for first in range(0, 100_000, 730):  # blocks that end anywhere in a column
        envelope.add(first + 1, values[first : first + 730])
    columns = envelope.columns(slice(1, 2))
    width = 417  # ceil(100,000 / 240)
    assert len(columns["stop"]) == 240 and columns["stop"][[0, 1, -1]].tolist() == [417, 834, 100_000]
    for place, (low, high) in enumerate(zip(columns["low"], columns["high"], strict=True)):
        inside = values[place * width : (place + 1) * width, 1]
        assert (low, high) == (inside.min(), inside.max())


@pytest.mark.parametrize("name", ["race", "race_on_gpu"])
def test_a_panel_of_a_recorded_race_holds_every_loss_of_its_run(name):
    recording = read_recording(RECORDINGS[name])
    results = results_of(recording.spec, recording.messages)
    for batch_size in results.batch_sizes:
        for seed in recording.spec.train.seeds:
            losses = run_losses(recording.read, recording.spec, batch_size, seed).astype(float)
            columns = results.training_columns("steps", batch_size, seed)
            assert len(losses) == results.num_steps(batch_size) == columns["x"][-1]
            assert (columns["low"].min(), columns["high"].max()) == (losses.min(), losses.max())
            for after, upto, low, high in zip(
                [0, *columns["x"]], columns["x"], columns["low"], columns["high"], strict=False
            ):
                assert (low, high) == (losses[after:upto].min(), losses[after:upto].max())


def test_what_viewers_hold_does_not_change_with_what_comes():
    envelope = Envelope(4, num_runs=1)
    envelope.add(1, np.array([[1.0]]))
    before = envelope.snapshot()
    envelope.add(2, np.array([[9.0]]))
    assert [len(each.columns(slice(None))["low"]) for each in (before, envelope)] == [1, 2]


def test_all_runs_together_reach_from_the_lowest_of_all_to_the_highest():
    table = curves_of([losses(2, 1, [[1.0, 3.0], [2.0, 2.5]])]).training_columns("steps", 2)
    assert {name: values.tolist() for name, values in table.items()} == {
        "x": [1, 2], "low": [1, 2], "high": [3, 2.5], "mean": [2, 2.25],
    }  # fmt: skip


def test_one_run_has_its_own_losses():
    table = curves_of([losses(2, 1, [[1.0, 3.0], [2.0, 2.5]])]).training_columns("steps", 2, seed=1)
    assert table["low"].tolist() == table["high"].tolist() == [3.0, 2.5]


def test_the_running_mean_is_one_of_all_losses_of_its_columns():
    plan = TrainConfig(batch_sizes=(2,), num_seeds=1, max_tokens=16 * 720)  # 720 steps: three a column, 240 columns
    values = np.random.default_rng(0).normal(size=(720, 1))
    table = curves_of([losses(2, 1, values)], plan).training_columns("steps", 2)
    middle = 120  # a twentieth of 240 columns is 12: those from 6 before to 6 after
    expected = values[3 * (middle - 6) : 3 * (middle + 7)].astype(np.float32).mean()
    assert table["mean"][middle] == pytest.approx(expected, rel=1e-6)


def test_three_axes():
    speed = {"kind": "speed", "batch_size": 4, "step_seconds": 0.5}
    curves = curves_of([losses(4, 1, [[1.0, 1.0]] * 3), speed])
    x = {axis: curves.training_columns(axis, 4)["x"].tolist() for axis in ("steps", "tokens", "seconds")}
    assert x == {"steps": [1, 2, 3], "tokens": [32, 64, 96], "seconds": [0.5, 1.0, 1.5]}


def test_without_a_time_there_are_no_seconds_yet():
    assert len(curves_of([losses(4, 1, [[1.0, 1.0]])]).training_columns("seconds", 4)["x"]) == 0


def test_a_run_that_diverged_leaves_the_others():
    curves = curves_of(
        [
            losses(2, 1, [[1.0, 2.0], [np.nan, 4.0]]),
            {"kind": "diverged", "batch_size": 2, "seed": 0, "step": 2},
            {"kind": "eval", "batch_size": 2, "step": 2, "losses": [None, 4.0]},
        ]
    )
    assert curves.training_columns("steps", 2)["high"].tolist() == [2.0, 4.0]
    assert len(curves.training_columns("steps", 2, seed=0)["x"]) == 1
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
    table = curves_of(blocks, half_life=2 * 8 * 5).training_columns("steps", 2, seed=0)  # five steps of B = 2
    expected = pd.Series(values[:, 0].astype(float)).ewm(halflife=5, adjust=False).mean()
    np.testing.assert_allclose(table["low"], expected, rtol=1e-6)


def test_smoothing_bears_a_run_that_ended():
    values = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    values[7:, 0] = np.nan
    blocks = [losses(2, 1, values[:5]), losses(2, 6, values[5:12]), losses(2, 13, values[12:])]
    curves = curves_of(blocks, half_life=2 * 8 * 5)
    assert curves.training_columns("steps", 2, seed=0)["x"].tolist() == list(range(1, 8))
    other = pd.Series(values[:, 1].astype(float)).ewm(halflife=5, adjust=False).mean()
    np.testing.assert_allclose(curves.training_columns("steps", 2, seed=1)["low"], other, rtol=1e-6)


def test_the_half_life_is_in_tokens():
    # 1, then 0 for ever: after one half-life it stands at 1/2, which is 4 steps at B = 2 and 2 steps at B = 4
    blocks = [losses(b, 1, [[1.0, 1.0]] + [[0.0, 0.0]] * 4) for b in (2, 4)]
    for batch_size in (2, 4):
        columns = curves_of(blocks, half_life=64).training_columns("tokens", batch_size, seed=0)
        curve = dict(zip(columns["x"], columns["low"], strict=True))
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


@pytest.mark.parametrize("axis", ["steps", "tokens", "seconds"])
def test_a_loss_that_was_clicked_is_found_again_as_its_step(axis):
    plan = TrainConfig(batch_sizes=(2,), num_seeds=1, max_tokens=16 * 1000)  # five steps a column
    values = np.random.default_rng(0).normal(2.0, 0.1, (1000, 1)).astype(np.float32)
    curves = curves_of([losses(2, 1, values), {"kind": "speed", "batch_size": 2, "step_seconds": 0.003}], plan)
    table = curves.training_columns(axis, 2, seed=0)
    for place in (0, 7, 199):
        after, upto = curves.column_at(axis, 2, float(np.float32(table["x"][place])))
        assert (after, upto) == (5 * place, 5 * place + 5)
        highest = after + 1 + int(values[after:upto, 0].argmax())
        assert nearest_step(values[:, 0], after, upto, float(np.float32(table["high"][place]))) == highest


def test_a_run_that_has_no_loss_there_has_no_step_there():
    assert nearest_step(np.array([1.0, np.nan, np.nan]), after=1, upto=3, loss=1.0) is None


def test_too_few_steps_are_known_when_all_are_done_and_no_noise_was_told():
    plan = TrainConfig(batch_sizes=(2,), num_seeds=1, max_tokens=16 * 3)
    assert not curves_of([losses(2, 1, [[1.0]] * 2)], plan).too_few_steps(2)
    assert curves_of([losses(2, 1, [[1.0]] * 3)], plan).too_few_steps(2)


def test_tokens_of_runs_that_diverged_are_read_up_to_there():
    gone = {"kind": "diverged", "batch_size": 2, "seed": 0, "step": 5}
    assert curves_of([losses(2, 1, [[1.0, 1.0]] * 20), gone]).tokens_read == 16 * (5 + 20)


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
