"""The tables of every kind: what is declared of them, and that they are what was recorded."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from from_messages import results_of
from kept_experiments import recording_of

from core.experiments.messages import to_dict
from core.experiments.noise.messages import BatchSpread, WholeText
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race import tables as race_tables
from core.experiments.race.messages import Diverged, Losses, Validation
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import KINDS, kind_of
from core.experiments.tables import exact, table_of
from core.lab.recording import RECORDINGS, Recording, read_recording
from core.measure.comparison import difference_of
from core.training import TrainConfig

SPEC = RaceSpec(text="ab" * 40, block_size=8, train=TrainConfig(batch_sizes=(4,), num_seeds=2, max_tokens=4 * 8 * 4))


def table_in(recording: Recording) -> pd.DataFrame:
    results = results_of(recording.spec, recording.messages)
    return pd.concat(kind_of(recording.spec).tables.records(results, recording.read), ignore_index=True)


def figures_in(recording: Recording) -> list:
    return list(kind_of(recording.spec).tables.figures(results_of(recording.spec, recording.messages)))


def by_hand(*messages) -> Recording:
    return Recording(SPEC, list(map(to_dict, messages)), "")


# ---- what every kind declares


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_and_figure_is_declared_once_with_its_unit_and_meaning(kind):
    tables = KINDS[kind].tables
    every = [*tables.columns, *tables.found]
    assert len({each.name for each in every}) == len(every) and tables.columns and tables.found
    for each in every:
        assert each.name.isidentifier() and each.unit and each.meaning.endswith(".")
    table_of(tables.columns, [])  # pandas knows their types


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_has_the_declared_columns_of_the_declared_types(kind):
    table, columns = table_in(recording_of(kind)), KINDS[kind].tables.columns
    assert len(table) > 3
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {each.name: each.dtype for each in columns}


@pytest.mark.parametrize("name", RECORDINGS)
def test_figures_have_declared_names_and_intervals_that_contain_them(name):
    recording = read_recording(RECORDINGS[name])
    figures, tables = figures_in(recording), kind_of(recording.spec).tables
    assert len(figures) > 3
    assert {figure.name for figure in figures} <= {each.name for each in tables.found}
    assert {at for f in figures for at in f.at} <= {each.name for each in (*tables.columns, *tables.found)}
    assert len({(f.name, *f.at.items()) for f in figures}) == len(figures)  # each says one thing
    intervals = [figure.estimate for figure in figures if np.isfinite(figure.estimate.low)]
    assert all(estimate.contains(estimate.value) for estimate in intervals)


@pytest.mark.parametrize("kind", KINDS)
def test_an_experiment_that_has_not_begun_has_an_empty_table_and_no_figure(kind):
    empty = Recording(recording_of(kind).spec, [], "")
    results = results_of(empty.spec, [])
    assert sum(map(len, KINDS[kind].tables.records(results, empty.read))) == 0 and figures_in(empty) == []
    assert results.device is None


# ---- the records are what was recorded


def losses_in(messages: list[dict], seeds: range, *of: str) -> dict[tuple, float]:
    """By what they are of, seed and step."""
    found = {}
    for message in (m for m in messages if m["kind"] == "losses"):
        losses = np.frombuffer(message["data"], np.float32).reshape(-1, message["num_runs"])
        for (row, place), loss in np.ndenumerate(losses):
            if np.isfinite(loss):
                found[(*(message[each] for each in of), seeds[place], message["step"] + row)] = loss
    return found


def evals_in(messages: list[dict], seeds: range, *of: str) -> dict[tuple, float]:
    return {
        (*(message[each] for each in of), seed, message["step"]): np.float32(loss)
        for message in messages
        if message["kind"] == "eval"
        for seed, loss in zip(seeds, message["losses"], strict=True)
        if loss is not None
    }


def known(table: pd.DataFrame, column: str, *of: str) -> dict[tuple, float]:
    return table.dropna(subset=column).set_index([*of, "seed", "step"])[column].to_dict()


@pytest.mark.parametrize(
    ("kind", "of"), [("race", ("batch_size",)), ("orders", ("order",)), ("sweep", ("learning_rate", "batch_size"))]
)
def test_the_rows_of_runs_are_their_losses_and_validations(kind, of):
    recording = recording_of(kind)
    seeds, table = recording.spec.race.train.seeds, table_in(recording)
    assert known(table, "val_loss", *of) == evals_in(recording.messages, seeds, *of) != {}
    if kind != "sweep":
        assert known(table, "loss", *of) == losses_in(recording.messages, seeds, *of) != {}
    assert (table["tokens_seen"] == table["step"] * table["batch_size"] * recording.spec.race.block_size).all()
    assert not table.duplicated([*of, "seed", "step"]).any()


def test_a_row_of_noise_is_a_batch_s_loss_and_its_gradient():
    recording = recording_of("noise")
    table = table_in(recording).set_index(["step", "batch_size"])
    (losses,) = (
        m for m in recording.messages if m["kind"] == "batch_losses" and (m["step"], m["batch_size"]) == (0, 4)
    )
    (taken,) = (
        m for m in recording.messages if m["kind"] == "batch_gradients" and (m["step"], m["batch_size"]) == (0, 4)
    )
    norms, cosines = np.frombuffer(taken["data"], np.float32).reshape(-1, 2).T
    rows = table.loc[(0, 4)]
    assert rows["loss"].tolist() == np.frombuffer(losses["data"], np.float32).tolist()
    assert rows["gradient_norm"].dropna().tolist() == norms.tolist()
    assert rows["gradient_cosine"].dropna().tolist() == cosines.tolist()


def test_a_row_of_a_step_s_cost_is_an_update_that_was_timed():
    recording = recording_of("step_cost")
    rounds = [message for message in recording.messages if message["kind"] == "round"]
    wanted = {
        (number, step["batch_size"], step["micro_batch_size"], step["seconds"], each["flops_per_second"])
        for number, each in enumerate(rounds, start=1)
        for step in each["steps"]
    }
    columns = ["round", "batch_size", "micro_batch_size", "seconds", "product_flops_per_second"]
    assert set(table_in(recording)[columns].itertuples(index=False, name=None)) == wanted


def test_a_row_of_a_parallel_training_is_a_rank_s_part_of_a_step():
    recording = recording_of("parallel")
    steps = [message for message in recording.messages if message["kind"] == "step"]
    table = table_in(recording)
    assert table["rank_loss"].tolist() == [rank["loss"] for step in steps for rank in step["ranks"]]
    assert table["rank"].tolist() == [0, 1] * len(steps)
    kept = [step["difference"] for step in steps if step["difference"] is not None]
    assert table["difference"].dropna().tolist() == [each for each in kept for _ in range(2)]


def test_a_row_of_draws_has_its_seed():
    recording = recording_of("draws")
    assert table_in(recording)[["draw", "seed"]].values.tolist() == [[draw, 5 + draw] for draw in range(4)]


# ---- a race by hand


def losses(step: int, *rows: tuple[float, float]) -> Losses:
    return Losses(batch_size=4, step=step, num_runs=2, data=np.array(rows, np.float32).tobytes())


def evaluation(step: int, *each: float | None) -> Validation:
    return Validation(batch_size=4, step=step, losses=each)


def test_a_validation_stands_with_its_step_and_a_run_that_diverged_has_no_more_rows():
    recording = by_hand(
        evaluation(0, 4.0, 4.5),
        losses(1, (4.0, 4.5), (3.0, np.nan)),
        Diverged(batch_size=4, seed=1, step=2),
        evaluation(2, 3.5, None),
        losses(3, (2.5, np.nan)),
    )
    rows = table_in(recording)[["seed", "step", "loss", "val_loss"]].astype(object)
    assert rows.where(rows.notna(), None).values.tolist() == [
        [0, 0, None, 4.0],
        [1, 0, None, 4.5],
        [0, 1, 4.0, None],
        [1, 1, 4.5, None],
        [0, 2, 3.0, 3.5],
        [0, 3, 2.5, None],
    ]
    (gone,) = (figure for figure in figures_in(recording) if figure.name == "diverged_at")
    assert gone.at == {"batch_size": 4, "seed": 1} and gone.estimate.value == 2


def test_the_seeds_of_the_next_turn_come_after_those_of_the_first():
    first = (evaluation(0, 4.0, None), losses(1, (4.0, np.nan)), evaluation(1, 3.0, None))
    then = (evaluation(0, None, 4.5), losses(1, (np.nan, 4.5)), evaluation(1, None, 3.5))
    table = table_in(by_hand(*first, *then))
    assert table[["seed", "step", "val_loss"]].values.tolist() == [[0, 0, 4.0], [0, 1, 3.0], [1, 0, 4.5], [1, 1, 3.5]]


def test_a_long_run_comes_in_parts_of_bounded_size(monkeypatch):
    monkeypatch.setattr(race_tables, "ROWS_AT_ONCE", 100)
    num_steps, each = 10_000, 16
    spec = replace(SPEC, train=replace(SPEC.train, max_tokens=4 * 8 * num_steps))
    messages = [to_dict(losses(step, *[(2.0, 3.0)] * each)) for step in range(1, num_steps, each)]
    recording = Recording(spec, messages, "")
    parts = list(KINDS["race"].tables.records(results_of(spec, messages), recording.read))
    assert len(parts) > 100 and max(map(len, parts)) < 100 + 2 * each + 2
    assert pd.concat(parts)["step"].tolist() == [step for step in range(num_steps + 1) for _ in range(2)]


# ---- figures


def test_the_difference_of_two_batch_sizes_is_paired_over_the_seeds():
    recording = recording_of("race")
    _, at_equal = results_of(recording.spec, recording.messages).validation_at_equal("tokens")
    found = [figure for figure in figures_in(recording) if figure.name == "val_loss_difference"]
    assert len(found) == len(recording.spec.train.batch_sizes) - 1
    for figure in found:
        values, best = (at_equal[figure.at[name]] for name in ("batch_size", "minus_batch_size"))
        assert figure.estimate == difference_of(values, best) and figure.estimate.value > 0


def test_a_spread_that_is_not_resolved_has_no_interval_and_says_why():
    spec = NoiseSpec.of(SPEC, (0,), (4,), 8)
    spread = BatchSpread(step=0, quantity="loss", batch_size=4, sigma=0.5, low=0.1, high=9.0, freedom=2.0)
    whole = WholeText(step=0, loss=4.0, sigma=1.0, design_effect=1.0)
    figures = figures_in(Recording(spec, [to_dict(whole), to_dict(spread)], ""))
    (found,) = (figure for figure in figures if figure.name == "loss_spread")
    assert found.why == "rare windows" and str(found.estimate) == str(exact(0.5))


def test_a_target_that_is_not_reached_has_no_steps():
    results = results_of(recording_of("sweep").spec, recording_of("sweep").messages)
    from core.experiments.sweep.tables import figures_to

    figures = list(figures_to(results, target=0.01))
    assert len(figures) == len(results.batch_sizes)
    assert {(figure.name, figure.why) for figure in figures} == {("steps_to_target", "not reached by every seed")}
    assert all(np.isnan(figure.estimate.value) for figure in figures)
