"""Verdicts from costs that are written by hand."""

from dataclasses import replace

import pytest
from from_messages import results_of

from core.experiments.step_cost.messages import Difference, Memory, Round, Started, StepTime
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.spec import StepCostSpec
from core.lessons.check_the_claims import verdicts
from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.verdict import Missing
from tests.lessons.measured import PLAN, RACE, SIZES, T

HOLDS, PARTLY, FAILS, UNRESOLVED, NOT_YET = Outcome


DEVICE = {"device": "cpu", "device_name": "a processor", "num_threads": 1, "flops_per_window": 1}


def cost_of(activations: dict, seconds: dict, state: int = 1000) -> StepCostResults:
    messages = [Started(**DEVICE, vocab_size=2, num_parameters=state // 16)]
    parts = {"weights": state // 4, "gradients": state // 4, "optimizer": state // 2, "peak": None}
    messages += [Memory(batch_size=b, block_size=T, activations=size, **parts) for b, size in activations.items()]
    messages += [Difference(m, 1e-7) for m in SIZES[:2]]
    for one_pass, split in ((1.02, 0.99), (0.99, 1.01), (1.0, 1.0)) if seconds else ():
        steps = [StepTime(b, m, value * (one_pass if b == m else split)) for (b, m), value in seconds.items()]
        messages.append(Round(tuple(steps)))
    return results_of(StepCostSpec.of(RACE), messages)


def test_memory_holds_only_where_all_of_it_grows_with_b():
    growing = {b: 100 * b for b in SIZES}
    small = verdicts.memory(cost_of(growing, {}, state=16))
    assert small.outcome == HOLDS and small.line == pytest.approx((0, 100), abs=1e-6)
    large = verdicts.memory(cost_of(growing, {}, state=16_000))
    assert large.outcome == PARTLY and large.held_share == pytest.approx(16_000 / 17_600)
    assert large.total == {16: 17_600, 128: 28_800, 512: 67_200}
    assert verdicts.memory(cost_of({16: 1}, {})).outcome == NOT_YET


@pytest.mark.parametrize(
    ("at_16", "at_128", "outcome"),
    [(2.0, 1.5, FAILS), (2.0, 0.7, PARTLY), (0.8, 0.7, HOLDS), (2.0, 1.0, UNRESOLVED)],
)
def test_accumulation_is_timed_against_one_pass(at_16, at_128, outcome):
    seconds = {(512, 512): 1.0, (512, 128): at_128, (512, 16): at_16}
    assert verdicts.accumulation(cost_of({b: 100 * b for b in SIZES}, seconds)).outcome == outcome


def test_without_a_split_there_is_nothing_to_time():
    spec = StepCostSpec.of(replace(RACE, train=replace(PLAN, batch_sizes=(3, 5, 7))))
    verdict = verdicts.accumulation(results_of(spec, []))
    assert verdict.missing == Missing.SPLITS and verdict.batch_size == 7
