"""What a step costs: what is sent, and what is found in it."""

from dataclasses import replace

import numpy as np
import pytest
from from_messages import results_of
from tiny_costs import BIG, CHOSEN, DOUBLING, PLAN, RACE, TEXT

from core.experiments.feed import Feed
from core.experiments.messages import to_dict
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import OFFERS, from_json, to_json
from core.experiments.step_cost import run as run_module
from core.experiments.step_cost.messages import Difference, Round, StepTime
from core.experiments.step_cost.results import Best, best_of
from core.experiments.step_cost.run import FEWEST_ROUNDS, run
from core.experiments.step_cost.spec import StepCostSpec
from core.lab.recording import RECORDINGS, read_recording
from core.lessons.speed_and_memory.words import memory_lines, time_lines
from core.measure.memory import Machine
from core.settings.values import Settings

pytestmark = pytest.mark.usefixtures("few_rounds")


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


# ---- which is best


def test_a_best_one_is_chosen_by_some_rounds_and_judged_by_the_others():
    noise = np.array([1.0, 1.02, 0.99, 1.01, 1.0, 0.98])
    assert best_of({1: noise, 4: 3 * noise[::-1], 8: 3.1 * noise}) == Best(8, (4,))
    lucky = np.array([9.0, 1.0, 9.0, 1.1, 9.0, 0.9])  # in the rounds that choose
    assert best_of({1: lucky, 4: 2 * noise}).rivals == (4,)
