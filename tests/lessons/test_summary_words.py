"""The summary's numbers are those of the recordings, worked out here from their files by another route."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core.charts import format_bytes, format_count, format_seconds, format_significant
from core.lessons.summary import figures, words
from core.lessons.summary.evidence import EXPERIMENTS, Evidence
from core.lessons.summary.html import table_html
from core.lessons.summary.tables import size_table, strategy_table
from tests.from_messages import results_of
from tests.lessons.recorded import ROW, at_tokens, evidence, lengths, lines, results, t_interval

SIZES, T = (4, 16, 64), 32
TARGET = figures.target_of(results("sweep"))
number = format_significant


@pytest.fixture(scope="module")
def rows() -> dict[int, list]:
    table = size_table(evidence(), TARGET)
    assert [row.batch_size for row in table.rows] == list(SIZES)
    return {row.batch_size: list(row.cells) for row in table.rows}


def shown(cell) -> str:
    return f"{cell.value} [{cell.interval}]"


@pytest.mark.parametrize("size", SIZES)
def test_steps_and_noise_of_the_loss_are_the_last_that_the_race_told(rows, size):
    steps = max(row["step"] for row in lines("race", "noise") if row["batch_size"] == size)
    last = [row for row in lines("race", "noise") if row["batch_size"] == size][-1]
    assert rows[size][0].value == f"{120_000 // (size * T):,} steps" and steps == 120_000 // (size * T)
    assert shown(rows[size][3]) == f"{number(last['sigma'])} nats [{number(last['low'])} to {number(last['high'])}]"


@pytest.mark.parametrize("size", SIZES)
def test_speed_is_that_of_the_timings(rows, size):
    seconds = [row["probes"] for row in lines("race", "speed") if row["batch_size"] == size][-1]  # all so far
    logs = t_interval(np.log([size * T / each for each in seconds]))
    value, low, high = map(format_count, np.exp(logs))
    assert shown(rows[size][1]) == f"{value} tokens/s [{low} to {high}]"


@pytest.mark.parametrize("size", SIZES)
def test_memory_is_counted_at_its_worst_moment(rows, size):
    held = next(r for r in lines("speed", "memory") if r["batch_size"] == size and r["block_size"] == T)
    total = held["weights"] + held["gradients"] + held["optimizer"] + max(held["activations"], held["peak"])
    assert shown(rows[size][2]) == f"{format_bytes(total)} []"


@pytest.mark.parametrize("size", SIZES)
def test_noise_of_the_gradient_is_in_lengths_of_the_whole_text_s(rows, size):
    step = 600
    length = next(r["whole_grad_sq_norm"] for r in lines("noise", "noise_scale") if r["step"] == step) ** 0.5
    mine = {"step": step, "batch_size": size, "quantity": "gradient"}
    found = next(r for r in lines("noise", "noise") if r.items() >= mine.items())
    value, low, high = (number(found[name] / length) for name in ("sigma", "low", "high"))
    assert shown(rows[size][4]) == f"{value} × its length [{low} to {high}]"


@pytest.mark.parametrize("size", SIZES)
def test_validation_losses_are_compared_after_equal_tokens(rows, size):
    tokens = min(120_000 // (b * T) * b * T for b in SIZES)
    value, low, high = map(number, t_interval(at_tokens("race", size, tokens, T)))
    assert shown(rows[size][5]) == f"{value} nats [{low} to {high}]"


def first_below(losses: list[float], steps: list[int]) -> float:
    after = next(place for place, loss in enumerate(losses) if loss <= TARGET)
    share = (losses[after - 1] - TARGET) / (losses[after - 1] - losses[after])
    return steps[after - 1] + share * (steps[after] - steps[after - 1])


def seconds_of(size: int) -> np.ndarray:
    rounds = lines("speed", "round")
    steps = [step for row in rounds for step in row["steps"]]
    return np.array([s["seconds"] for s in steps if s["batch_size"] == s["micro_batch_size"] == size])


def steps_of(size: int) -> np.ndarray:
    """(R,) at the rate that gets there soonest."""
    at_rates = {}
    for rate in results("sweep").spec.learning_rates:
        rows = [r for r in lines("sweep", "eval") if r["batch_size"] == size and r["learning_rate"] == rate]
        curves = np.array([row["losses"] for row in rows]).T
        if (curves.min(axis=1) <= TARGET).all():
            steps = [row["step"] for row in rows]
            at_rates[rate] = np.array([first_below(curve.tolist(), steps) for curve in curves])
    return min(at_rates.values(), key=np.mean)


@pytest.mark.parametrize("size", SIZES)
def test_the_time_to_the_target_is_steps_times_seconds(rows, size):
    steps, seconds = (t_interval(np.log(each)) for each in (steps_of(size), seconds_of(size)))
    middle, half = steps[0] + seconds[0], np.hypot(steps[2] - steps[0], seconds[2] - seconds[0])
    value, low, high = map(format_seconds, np.exp([middle, middle - half, middle + half]))
    assert shown(rows[size][6]) == f"{value} [{low} to {high}]"


def test_the_answer_names_the_soonest_size_and_what_fits():
    products = {b: np.exp(np.log(steps_of(b)).mean()) * seconds_of(b).mean() for b in (4, 8, 16, 32, 64)}
    first = min(products, key=products.get)
    said = words.recommendation(evidence().timed, TARGET)
    largest = lines("speed", "largest")[0]["batch_size"]
    assert said.startswith("**In the recorded runs, B = ")
    assert f"{TARGET:.2f} nats" in said and f"B = {first:,}" in said and f"B = {largest:,} still fits" in said
    assert format_seconds(products[first]) in words.answer_lines(evidence().timed, TARGET)[0]


def strategies() -> dict[str, tuple]:
    return {row.head.text: row.cells for row in strategy_table(evidence()).rows}


def test_the_order_s_number_is_the_difference_at_the_end():
    ends = {}
    for order in ("sequential", "shuffled"):
        rows = [row for row in lines("orders", "eval") if row["order"] == order]
        ends[order] = np.array(max(rows, key=lambda row: row["step"])["losses"])
    value, low, high = map(number, t_interval(ends["sequential"] - ends["shuffled"]))
    changed = strategies()["Sampling order"][1]
    assert f"+{value} nats" in changed.value and changed.interval == f"+{low} to +{high}"


def test_random_windows_leave_about_1_in_e_unread():
    assert figures.unread_at_random(results("orders")) == pytest.approx(1 / np.e, abs=0.005)


def test_what_accumulation_costs_is_its_time_over_that_of_one_go():
    whole_batch = [step for row in lines("splits", "round") for step in row["steps"] if step["batch_size"] == 64]
    parts, whole = (np.array([s["seconds"] for s in whole_batch if s["micro_batch_size"] == m]) for m in (8, 64))
    value, low, high = map(number, np.exp(t_interval(np.log(parts / whole))))
    cost = strategies()["Accumulation"][2]
    assert f"parts of 8: {value} times" in cost.value and cost.interval == f"{low} to {high}"
    assert "12.5% of its activations" in strategies()["Accumulation"][1].value  # 8 of 64


def test_what_ranks_cost_is_waiting_and_exchange():
    shares = []
    for step in lines("parallel", "step")[1:]:
        parts = [sum(rank[f"{what}_seconds"] for rank in step["ranks"]) for what in ("compute", "wait", "reduce")]
        shares.append((parts[1] + parts[2]) / sum(parts))
    middle = sorted(shares)[len(shares) // 2]
    assert f"{100 * middle:.0f}% of the time" in strategies()["Distributed batch"][2].value


def test_what_packing_saves_is_counted():
    padded = 1 - sum(lengths()) / (len(lengths()) * max(lengths()))
    assert max(lengths()) <= ROW
    packed = 1 - sum(lengths()) / (ROW * -(-sum(lengths()) // ROW))  # no fewer rows can hold them
    assert f"{100 * packed:.1f}% of the slots instead of {100 * padded:.1f}%" in strategies()["Packing"][1].value


# ---- what is said where, and of whom


def tables(found: Evidence):
    return size_table(found, figures.target_of(found.timed.sweep)), strategy_table(found)


def test_every_column_or_row_says_whose_it_is_and_links_to_where():
    sizes, strategy = tables(evidence())
    for head in (*sizes.columns, *(row.head for row in strategy.rows)):
        assert head.mark in ("recorded", "counted on a sample") and head.lessons
    html = table_html(sizes, {"T": "16"}, "light")
    assert html.count('href="race_batch_sizes?T=16"') >= 4 and "tune_the_rate?T=16" in html


def test_one_s_own_is_marked():
    own = replace(evidence(), own={"race": results("claim_race")})
    sizes, strategy = tables(own)
    assert [head.mark for head in sizes.columns][:3] == ["yours", "yours", "recorded"]
    assert [row.batch_size for row in sizes.rows] == [16, 128, 512]
    assert sizes.rows[2].cells[2].value == "not measured at this size"  # B = 512
    assert {row.head.mark for row in strategy.rows} == {"recorded", "counted on a sample"}


def test_a_sweep_and_a_timing_that_do_not_belong_together_are_not_multiplied():
    own = {"sweep": results("claim_sweep")}
    mixed = Evidence(own=own, recorded=evidence().recorded, apart=True)
    assert mixed.timed.sweep is results("sweep") and mixed.timed.mark == "recorded"
    assert "different texts or models" in words.unknown_lines(mixed, TARGET)[0]
    together = Evidence(own=own, recorded=evidence().recorded)
    assert together.timed.mark == "yours and recorded"


def test_a_noise_scale_of_another_text_stands_by_itself():
    line = words.unknown_lines(evidence(), TARGET)[-1]
    assert "bend at" in line and re.search("disagree|overlap", line)
    alone = words.unknown_lines(replace(evidence(), noise_apart=True), TARGET)[-1]
    assert "another text or model" in alone and not re.search("bend at|disagree|overlap", alone)


def test_what_is_missing_is_said():
    nothing = {name: results_of(results(name).spec, []) for name in EXPERIMENTS}
    bare = Evidence(own={}, recorded=nothing | {"packing": evidence().of("packing")})
    sizes, strategy = tables(bare)
    assert all(cell.value.startswith("not measured") for row in sizes.rows for cell in row.cells)
    for row in strategy.rows[:3]:
        assert all("not measured" in cell.value for cell in row.cells[1:])
    assert "Not measured yet" in words.recommendation(bare.timed, np.nan)
    said = [*words.answer_lines(bare.timed, np.nan), *words.unknown_lines(bare, np.nan)]
    assert any("not measured yet" in line for line in said)


def test_no_size_is_called_the_best_and_the_noise_scale_is_a_proxy():
    found = evidence()
    said = [words.DEFINITION, words.recommendation(found.timed, TARGET), *words.answer_lines(found.timed, TARGET)]
    said += words.unknown_lines(found, TARGET)
    text = " ".join(said)
    assert not re.search("best batch|critical|optimal", text, re.IGNORECASE)
    assert "proxy" in text and words.DEFINITION.count(".") == 1
