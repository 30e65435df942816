"""What a step costs: what is sent, and what is found in it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.experiments.feed import Feed
from core.experiments.messages import to_dict
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import OFFERS, from_json, results_of, to_json
from core.experiments.step_cost import run as run_module
from core.experiments.step_cost.largest import MAX_TRIES, find_largest
from core.experiments.step_cost.messages import Difference, Largest, Memory, NoMemory, Round, StepTime
from core.experiments.step_cost.results import Best, StepCostResults, best_of, table_of
from core.experiments.step_cost.run import FEWEST_ROUNDS, run
from core.experiments.step_cost.spec import StepCostSpec
from core.lab.recording import RECORDINGS, read_recording
from core.lessons.speed_and_memory.words import memory_lines, time_lines
from core.measure.memory import Machine
from core.settings.values import Settings
from core.training import TrainConfig

TEXT = "To be or not to be, that is the question. " * 40
PLAN = TrainConfig(batch_sizes=(24,), num_seeds=1, max_tokens=24 * 8)
RACE = RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=PLAN)
DOUBLING = StepCostSpec.by_doubling(RACE, budget_bytes=2_000_000)
CHOSEN = StepCostSpec.of(replace(RACE, train=replace(PLAN, batch_sizes=(8, 2, 3), num_seeds=2)))
BIG = Machine(devices={"cpu": 2**33})


def measured(spec: StepCostSpec) -> StepCostResults:
    torch.set_num_threads(1)
    messages = [to_dict(message) for message in run(spec)]
    return results_of(spec, json.loads(json.dumps(messages, allow_nan=False)))


@pytest.fixture(scope="module", autouse=True)
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "ROUNDS", FEWEST_ROUNDS)
        yield


@pytest.fixture(scope="module")
def doubling():
    return measured(DOUBLING)


@pytest.fixture(scope="module")
def chosen():
    return measured(CHOSEN)


# ---- what is measured


def test_sizes_double_up_to_the_bound():
    assert DOUBLING.batch_sizes == (1, 2, 4, 8, 16, 24) and DOUBLING.block_sizes == (2, 4, 8, 16, 32)
    of_16 = replace(RACE, train=replace(PLAN, batch_sizes=(16,)))
    assert StepCostSpec.by_doubling(of_16, 2_000_000).batch_sizes == (1, 2, 4, 8, 16)
    assert DOUBLING.split_size == 24 and DOUBLING.micro_batch_sizes == (1, 2, 4, 8)  # 16 does not divide it


def test_of_sizes_that_were_chosen_the_largest_is_split():
    assert CHOSEN.batch_sizes == (2, 3, 8) and CHOSEN.split_size == 8 and CHOSEN.micro_batch_sizes == (2,)
    assert CHOSEN.block_sizes == () and CHOSEN.budget_bytes is None


@pytest.mark.parametrize("name", ["splits", "claim_cost", "speed"])
def test_what_is_recorded_is_what_the_defaults_describe(name):
    offered, recorded = OFFERS[name].of(Settings(), ""), read_recording(RECORDINGS[name]).spec
    assert replace(recorded, race=replace(recorded.race, train=offered.race.train)) == offered
    assert replace(recorded.race.train, device="auto") == offered.race.train


@pytest.mark.parametrize("spec", [DOUBLING, CHOSEN], ids=["doubling", "chosen"])
def test_settings_make_the_journey_and_back(spec):
    assert from_json(to_json(spec), spec.text) == spec


def test_what_cannot_be_measured_is_refused():
    DOUBLING.check(BIG)
    with pytest.raises(ValueError, match="more than the"):
        of_4000 = replace(RACE, train=replace(PLAN, batch_sizes=(4000,), max_tokens=10**6))
        StepCostSpec.by_doubling(of_4000, 2_000_000).check(BIG)
    with pytest.raises(ValueError, match="takes too long to be timed"):
        huge = replace(RACE, text=TEXT * 5, n_layer=12, n_embd=768, block_size=128)
        plan = replace(PLAN, batch_sizes=(4096,), max_tokens=10**6)
        StepCostSpec.by_doubling(replace(huge, train=plan), 2_000_000).check(BIG)
    with pytest.raises(ValueError, match="memory to fit into"):
        replace(DOUBLING, budget_bytes=10).check(BIG)


def test_without_a_budget_all_must_fit():
    CHOSEN.check(BIG)
    with pytest.raises(ValueError, match="GiB of memory"):
        CHOSEN.check(Machine(devices={"cpu": 1000}))
    DOUBLING.check(Machine(devices={"cpu": 1000}))  # memory ends it, and it says where


def test_a_gpu_may_be_asked_for_more_than_a_processor():
    text = "The miller's daughter counted every sack of corn. " * 100
    nanogpt = RaceSpec(text=text, n_layer=6, n_head=6, n_embd=384, block_size=256)
    plan = replace(PLAN, batch_sizes=(64,), max_tokens=10**6, device="auto")
    spec = StepCostSpec.by_doubling(replace(nanogpt, train=plan), 2_000_000)
    spec.check(Machine(devices={"cuda": 2**33, "cpu": 2**33}))
    with pytest.raises(ValueError, match="takes too long to be timed"):
        spec.check(BIG)


# ---- time


def test_each_step_is_timed_once_a_round(doubling, chosen):
    for found in (doubling, chosen):
        rounds = {len(seconds) for seconds in found.seconds.values()}
        assert len(rounds) == 1 and rounds.pop() >= FEWEST_ROUNDS
        assert all(second > 0 for seconds in found.seconds.values() for second in seconds)
        assert len(found.products) == len(found.onednn_products) == len(found.seconds[2, 2])
    assert set(doubling.one_pass) == set(DOUBLING.batch_sizes) and list(doubling.by_micro_batch()) == [1, 2, 4, 8, 24]
    assert set(chosen.seconds) == {(2, 2), (3, 3), (8, 8), (8, 2)}


def test_a_step_is_timed_in_the_passes_that_it_says(monkeypatch):
    measurement = run_module.Measurement(DOUBLING)
    passes = []
    one_pass = measurement.trainer.add_part

    def spy(windows, *some, **named):
        passes.append(windows.shape[1])
        return one_pass(windows, *some, **named)

    monkeypatch.setattr(measurement.trainer, "add_part", spy)
    measurement.time(24, 8), measurement.time(24, 24)
    assert passes == [8, 8, 8, 24]


def test_a_share_is_of_the_device_s_own_product(doubling):
    share = doubling.product_share(8)
    fastest = doubling.fastest_products
    assert fastest in (doubling.products, doubling.onednn_products)
    assert np.median(fastest) == max(np.median(doubling.products), np.median(doubling.onednn_products))
    by_hand = 8 * doubling.started.flops_per_window / np.array(doubling.seconds[8, 8]) / np.array(fastest)
    assert share.value == pytest.approx(np.exp(np.log(by_hand).mean())) and 0 < share.low < share.value < share.high


def test_rounds_may_lack_a_product_or_that_of_the_other_library():
    one = Round((StepTime(8, 8, 0.1),), flops_per_second=5.0)
    found = results_of(CHOSEN, [one, one])
    assert found.fastest_products == found.products == (5.0, 5.0)
    found = results_of(CHOSEN, [replace(one, flops_per_second=None)])
    assert found.products == () and found.one_pass[8].tolist() == [0.1]


@pytest.mark.parametrize("spec", [DOUBLING, CHOSEN], ids=["doubling", "chosen"])
def test_a_measurement_that_is_stopped_anywhere_can_be_told(spec):
    messages = list(run(spec))
    for end in range(0, len(messages), 3):
        part = results_of(spec, messages[:end])
        assert len({len(each) for each in part.seconds.values()}) <= 1  # only whole rounds
        assert part.fit() is None or part.products
        assert time_lines(part, part.fit()) and memory_lines(part)


def test_a_feed_makes_messages_of_what_is_kept():
    kept = [{"kind": "progress", "share": 0.5, "doing": "a step"}, to_dict(Difference(2, 1e-7))]
    feed = Feed(lambda cursor: (kept[cursor:], len(kept)), CHOSEN)
    assert feed.look().progress == (0.5, "a step") and feed.look().differences == {2: 1e-7}


# ---- gradients


def test_the_accumulated_gradient_is_that_of_one_pass(doubling, chosen):
    assert set(doubling.differences) == {1, 2, 4, 8} and set(chosen.differences) == {2}
    assert max(*doubling.differences.values(), *chosen.differences.values()) < 1e-5


# ---- memory


def test_memory_is_counted_at_every_size(doubling):
    assert set(doubling.by_batch_size()) == set(DOUBLING.batch_sizes)
    assert set(doubling.by_block_size()) == set(DOUBLING.block_sizes) and doubling.size_of_blocks == 24
    parts = doubling.by_batch_size()[16]
    assert parts["weights"] == parts["gradients"] == 4 * doubling.started.num_parameters
    longer = doubling.by_block_size()[16]  # twice as many positions, of 16 channels each
    assert longer["weights"] == parts["weights"] + 4 * 8 * 16
    assert parts["activations"] > 0 < parts["passing"]


def test_activations_grow_by_the_window_and_the_rest_does_not(chosen):
    a, b, c = (chosen.activation_bytes[size] for size in (2, 3, 8))
    assert c - b == 5 * (b - a) > 0
    assert chosen.state_bytes["weights"] == 4 * chosen.started.num_parameters
    assert chosen.by_block_size() == {} and chosen.largest is None


def test_activations_are_a_line(doubling):
    intercept, slope = doubling.line()
    kept = doubling.activation_bytes
    assert abs(intercept) < 0.01 * slope + 100
    assert kept[24] - kept[16] == pytest.approx(8 * slope, rel=1e-3)


def test_a_peak_that_cannot_be_told_leaves_the_rest():
    found = results_of(CHOSEN, [Memory(2, 8, 1, 2, 3, activations=4, peak=None)])
    assert found.parts(2, 8) == {"weights": 1, "gradients": 2, "optimizer": 3, "activations": 4}


def refused(trainer, windows):
    """As `peak_bytes`, where there is memory for 8 windows of 8 tokens."""
    if windows.shape[1] > 8 and windows.shape[2] == 9:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate many bytes")
    return 1000 * windows.shape[1]


def test_memory_that_ends_is_told_and_what_fits_is_measured(monkeypatch):
    monkeypatch.setattr(run_module, "peak_bytes", refused)
    found = measured(DOUBLING)
    assert found.no_memory == NoMemory(16, tried=True) and set(found.one_pass) == {1, 2, 4, 8}
    assert found.by_micro_batch() == {} == found.differences


def test_without_a_budget_memory_that_ends_is_an_error(monkeypatch):
    monkeypatch.setattr(run_module, "peak_bytes", refused)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        list(run(replace(DOUBLING, budget_bytes=None)))


def test_what_is_predicted_not_to_fit_is_not_even_tried(monkeypatch):
    monkeypatch.setattr(run_module, "free_bytes", lambda: 150_000)
    found = measured(DOUBLING)
    assert not found.no_memory.tried and max(found.one_pass) < found.no_memory.batch_size in (4, 8, 16, 24)


def test_memory_that_does_not_suffice_for_one_window_leaves_nothing_to_time(monkeypatch):
    monkeypatch.setattr(run_module, "peak_bytes", lambda *some: torch.empty(2**60))
    found = measured(DOUBLING)
    assert found.no_memory.batch_size == 1 and not found.seconds and "fewer than two" in found.largest.why_not


def test_a_table_stacks_the_parts():
    table = table_of({4: {"weights": 1_000_000, "activations": 3_000_000}}, "batch_size")
    assert table.values.tolist() == [[4, "weights", 1.0, 0.0, 1.0], [4, "activations", 3.0, 1.0, 4.0]]


# ---- the largest batch


def test_the_largest_batch_that_fits_was_tried(doubling):
    largest = doubling.largest
    assert largest.why_not == "" and largest.batch_size > 24
    assert largest.measured <= 2_000_000 < largest.measured_next
    assert largest.predicted == pytest.approx(largest.measured, rel=0.01)


@pytest.mark.parametrize("off", [-4, -1, 0, 1, 5])
def test_a_line_that_is_not_quite_right_is_put_right_by_trying(off):
    peaks = {1: 10, 10: 100}  # the line says 10 B
    found = find_largest(peaks, 50, 550, held=lambda size: 50 + 10 * (size + off), why_not=lambda size: "")
    assert found == Largest(50 - off, predicted=550, measured=550, measured_next=560)


def found_where(budget_bytes: int = 550, held=lambda size: 50 + 10 * size, why_not=lambda size: "") -> Largest:
    return find_largest({1: 10, 10: 100}, 50, budget_bytes, held, why_not)


def test_why_the_largest_batch_is_not_known_is_told():
    assert found_where(budget_bytes=55) == Largest(why_not="not even one window fits")
    assert found_where(held=lambda size: 1000 * size) == Largest(predicted=550, why_not="not even one window fits")
    assert found_where(held=lambda size: None) == Largest(
        50, 550, why_not="it was tried, and the memory did not suffice"
    )
    assert found_where(why_not=lambda size: "too long") == Largest(50, 550, why_not="too long")
    assert f"{MAX_TRIES} sizes" in found_where(held=lambda size: 100).why_not


@pytest.mark.parametrize(
    ("budget", "patch", "why"),
    [
        (2**30, {}, "the text has only"),
        (2_000_000, {"MAX_TRY_SECONDS": 0}, "would take more than 0 s"),
        (2_000_000, {"MAX_BATCH_SIZE": 30}, "at most 30 windows"),
    ],
)
def test_why_a_batch_was_not_tried_is_told(monkeypatch, budget, patch, why):
    for name, value in patch.items():
        monkeypatch.setattr(run_module, name, value)
    monkeypatch.setattr(run_module, "ROUNDS", 1)
    largest = measured(replace(DOUBLING, budget_bytes=budget)).largest
    assert why in largest.why_not and largest.measured is None


# ---- which is best


def test_a_best_one_is_chosen_by_some_rounds_and_judged_by_the_others():
    noise = np.array([1.0, 1.02, 0.99, 1.01, 1.0, 0.98])
    assert best_of({1: noise, 4: 3 * noise[::-1], 8: 3.1 * noise}) == Best(8, (4,))
    lucky = np.array([9.0, 1.0, 9.0, 1.1, 9.0, 0.9])  # in the rounds that choose
    assert best_of({1: lucky, 4: 2 * noise}).rivals == (4,)
