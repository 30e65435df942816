"""Speed and memory of steps: what is sent, and what is found in it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json, to_json
from core.experiments.speed import run as speed_module
from core.experiments.speed.results import Best, SpeedResults, best_of, table_of
from core.experiments.speed.run import FEWEST_ROUNDS, run
from core.experiments.speed.spec import SpeedSpec
from core.measure.memory import Machine
from core.training import TrainConfig

TEXT = "To be or not to be, that is the question. " * 40
PLAN = TrainConfig(batch_sizes=(24,), num_seeds=1, max_tokens=24 * 8)
RACE = RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=PLAN)
SPEC = SpeedSpec(race=RACE, budget_bytes=2_000_000)
BIG = Machine(devices={"cpu": 2**33})


@pytest.fixture(scope="module", autouse=True)
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed_module, "ROUNDS", FEWEST_ROUNDS)
        yield


def results_of(messages: list[dict], spec: SpeedSpec = SPEC) -> SpeedResults:
    found = SpeedResults(lambda cursor: (messages[cursor:], len(messages)), spec)
    found.refresh()
    return found


def measured(spec: SpeedSpec) -> SpeedResults:
    torch.set_num_threads(1)
    return results_of(list(run(spec)), spec)


@pytest.fixture(scope="module")
def messages():
    torch.set_num_threads(1)
    return list(run(SPEC))


@pytest.fixture(scope="module")
def found(messages):
    return results_of(messages)


def test_every_message_can_travel(messages):
    assert json.loads(json.dumps(messages, allow_nan=False))[0]["kind"] == "started"


def test_sizes_double_up_to_the_bound():
    assert SPEC.batch_sizes == (1, 2, 4, 8, 16, 24) and SPEC.block_sizes == (2, 4, 8, 16, 32)
    assert replace(SPEC, race=replace(RACE, train=replace(PLAN, batch_sizes=(16,)))).batch_sizes == (1, 2, 4, 8, 16)
    assert SPEC.together == 24 and SPEC.micro_batch_sizes == (1, 2, 4, 8, 24)  # 16 does not divide it


def test_each_way_is_timed_once_a_round(found):
    rounds = {len(seconds) for seconds in found.seconds.values()}
    assert len(rounds) == 1 and rounds.pop() >= FEWEST_ROUNDS
    assert set(found.in_one_go) == set(SPEC.batch_sizes) and set(found.by_micro_batch()) == {1, 2, 4, 8, 24}
    assert len(found.products) == len(found.onednn_products) == len(found.seconds[1, 1])


def test_a_step_is_timed_in_the_passes_that_it_says(monkeypatch):
    measurement = speed_module.Speed(SPEC)
    passes = []
    one_pass = measurement.trainer.add_part

    def spy(windows, *some, **named):
        passes.append(windows.shape[1])
        return one_pass(windows, *some, **named)

    monkeypatch.setattr(measurement.trainer, "add_part", spy)
    measurement.time(24, 8), measurement.time(24, 24)
    assert passes == [8, 8, 8, 24]


def test_a_share_is_of_the_device_s_own_product(found):
    share = found.product_share(8)
    assert found.fastest_products in (found.products, found.onednn_products)
    assert np.median(found.fastest_products) == max(np.median(found.products), np.median(found.onednn_products))
    by_hand = 8 * found.started["flops_per_window"] / np.array(found.seconds[8, 8]) / np.array(found.fastest_products)
    assert share.value == pytest.approx(np.exp(np.log(by_hand).mean())) and 0 < share.low < share.value < share.high


def test_a_measurement_without_the_other_library_is_of_the_usual_one():
    round_of = {"kind": "round", "flops_per_second": 5.0, "steps": []}  # as older measurements are
    found = SpeedResults(lambda cursor: ([round_of, round_of | {"onednn_flops_per_second": None}][cursor:], 2), SPEC)
    found.refresh()
    assert found.fastest_products == found.products == [5.0, 5.0]


def test_a_measurement_that_is_stopped_anywhere_can_be_drawn(messages):
    for end in range(0, len(messages), 3):
        part = results_of(messages[:end])
        assert len({len(each) for each in part.seconds.values()}) <= 1  # only whole rounds
        assert part.fit() is None or part.products


def test_memory_is_counted_at_every_size(found):
    assert set(found.by_batch_size()) == set(SPEC.batch_sizes) and set(found.by_block_size()) == set(SPEC.block_sizes)
    parts = found.by_batch_size()[16]
    assert parts["weights"] == parts["gradients"] == 4 * found.started["num_parameters"]
    longer = found.by_block_size()[16]  # twice as many positions, of 16 channels each
    assert longer["weights"] == parts["weights"] + 4 * 8 * 16
    assert parts["activations"] > 0 < parts["passing"]


def test_activations_are_a_line(found):
    intercept, slope = found.line()
    kept = {b: parts["activations"] for b, parts in found.by_batch_size().items()}
    assert abs(intercept) < 0.01 * slope + 100
    assert kept[24] - kept[16] == pytest.approx(8 * slope, rel=1e-3)


def test_the_largest_batch_that_fits_was_tried(found):
    largest = found.largest
    assert largest["why_not"] == "" and largest["batch_size"] > 24
    assert largest["measured"] <= 2_000_000 < largest["measured_next"]
    assert largest["predicted"] == pytest.approx(largest["measured"], rel=0.01)


@pytest.mark.slow
def test_a_line_that_is_not_quite_right_is_put_right_by_trying(monkeypatch):
    monkeypatch.setattr(speed_module, "ROUNDS", 1)
    right = measured(SPEC).largest
    largest_batch = speed_module.largest_batch
    for off in (-12, -2, 3, 40):
        monkeypatch.setattr(speed_module, "largest_batch", lambda *some, off=off: largest_batch(*some) + off)
        assert measured(SPEC).largest["batch_size"] == right["batch_size"]


@pytest.mark.parametrize(
    ("budget", "patch", "why"),
    [
        (10_000, {}, "not even one window"),
        (2**30, {}, "the text has only"),
        (2_000_000, {"MAX_TRY_SECONDS": 0}, "would take more than 0 s"),
        (2_000_000, {"MAX_BATCH_SIZE": 30}, "at most 30 windows"),
    ],
)
def test_why_a_batch_was_not_tried_is_told(monkeypatch, budget, patch, why):
    for name, value in patch.items():
        monkeypatch.setattr(speed_module, name, value)
    monkeypatch.setattr(speed_module, "ROUNDS", 1)
    largest = measured(replace(SPEC, budget_bytes=budget)).largest
    assert why in largest["why_not"] and largest["measured"] is None


def test_memory_that_ends_is_told_and_what_fits_is_measured(monkeypatch):
    peak_bytes = speed_module.peak_bytes

    def refused(trainer, windows):
        if windows.shape[1] > 8 and windows.shape[2] == 9:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate many bytes")
        return peak_bytes(trainer, windows)

    monkeypatch.setattr(speed_module, "peak_bytes", refused)
    monkeypatch.setattr(speed_module, "ROUNDS", 1)
    found = measured(SPEC)
    assert found.no_memory == {"kind": "no_memory", "batch_size": 16, "tried": True} and set(found.in_one_go) == {
        1,
        2,
        4,
        8,
    }
    assert found.by_micro_batch() == {} or set(found.by_micro_batch()) == {24}


def test_what_is_predicted_not_to_fit_is_not_even_tried(monkeypatch):
    monkeypatch.setattr(speed_module, "free_bytes", lambda: 150_000)
    monkeypatch.setattr(speed_module, "ROUNDS", 1)
    found = measured(SPEC)
    assert not found.no_memory["tried"] and max(found.in_one_go) < found.no_memory["batch_size"] in (4, 8, 16, 24)


def test_memory_that_does_not_suffice_for_one_window_leaves_nothing_to_time(monkeypatch):
    monkeypatch.setattr(speed_module, "peak_bytes", lambda *some: torch.empty(2**60))
    found = measured(SPEC)
    assert found.no_memory["batch_size"] == 1 and not found.seconds and "fewer than two" in found.largest["why_not"]


def test_a_best_one_is_chosen_by_some_rounds_and_judged_by_the_others():
    noise = np.array([1.0, 1.02, 0.99, 1.01, 1.0, 0.98])
    assert best_of({1: noise, 4: 3 * noise[::-1], 8: 3.1 * noise}) == Best(8, (4,))
    lucky = np.array([9.0, 1.0, 9.0, 1.1, 9.0, 0.9])  # in the rounds that choose
    assert best_of({1: lucky, 4: 2 * noise}).rivals == (4,)


def test_settings_make_the_journey_and_back():
    assert from_json(to_json(SPEC), SPEC.text) == SPEC


def test_a_gpu_may_be_asked_for_more_than_a_processor():
    text = "The miller's daughter counted every sack of corn. " * 100
    nanogpt = RaceSpec(text=text, n_layer=6, n_head=6, n_embd=384, block_size=256)
    spec = replace(SPEC, race=replace(nanogpt, train=replace(PLAN, batch_sizes=(64,), max_tokens=10**6, device="auto")))
    spec.check(Machine(devices={"cuda": 2**33, "cpu": 2**33}))
    with pytest.raises(ValueError, match="takes too long to be timed"):
        spec.check(BIG)


def test_what_cannot_be_measured_is_refused():
    SPEC.check(BIG)
    with pytest.raises(ValueError, match="more than the"):
        replace(SPEC, race=replace(RACE, train=replace(PLAN, batch_sizes=(4000,), max_tokens=10**6))).check(BIG)
    with pytest.raises(ValueError, match="takes too long to be timed"):
        huge = replace(RACE, text=TEXT * 5, n_layer=12, n_embd=768, block_size=128)
        replace(SPEC, race=replace(huge, train=replace(PLAN, batch_sizes=(4096,), max_tokens=10**6))).check(BIG)
    with pytest.raises(ValueError, match="memory to fit into"):
        replace(SPEC, budget_bytes=10).check(BIG)


def test_a_table_stacks_the_parts():
    table = table_of({4: {"weights": 1_000_000, "activations": 3_000_000}}, "batch_size")
    assert table.values.tolist() == [[4, "weights", 1.0, 0.0, 1.0], [4, "activations", 3.0, 1.0, 4.0]]
