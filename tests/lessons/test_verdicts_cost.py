"""Verdicts from costs that are written by hand."""

from dataclasses import replace

import pytest

from core.experiments.cost.results import CostResults
from core.experiments.cost.spec import CostSpec
from core.experiments.registry import results_of
from core.lessons.check_the_claims import verdicts
from core.lessons.check_the_claims.verdicts import Outcome
from core.lessons.check_the_claims.verdicts.verdict import Missing
from tests.lessons.measured import PLAN, RACE, SIZES

HOLDS, PARTLY, FAILS, UNRESOLVED, NOT_YET = Outcome


def cost_of(activations: dict, seconds: dict, state: int = 1000) -> CostResults:
    started = {"kind": "started", "num_parameters": state // 16}
    started |= {"weights_bytes": state // 4, "gradients_bytes": state // 4, "optimizer_bytes": state // 2}
    messages = [started]
    messages += [{"kind": "activations", "batch_size": b, "bytes": n} for b, n in activations.items()]
    messages += [{"kind": "split", "batch_size": 512, "micro_batch_size": m, "difference": 1e-7} for m in SIZES[:2]]
    for (b, m), value in seconds.items():
        for factor in (1.02, 0.99, 1.0) if b == m else (0.99, 1.01, 1.0):
            messages.append({"kind": "step", "batch_size": b, "micro_batch_size": m, "seconds": value * factor})
    return results_of(CostSpec(race=RACE), messages)


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
def test_accumulation_is_timed_against_one_go(at_16, at_128, outcome):
    ways = {(512, 512): 1.0, (512, 128): at_128, (512, 16): at_16}
    assert verdicts.accumulation(cost_of({b: 100 * b for b in SIZES}, ways)).outcome == outcome


def test_without_a_split_there_is_nothing_to_time():
    spec = CostSpec(race=replace(RACE, train=replace(PLAN, batch_sizes=(3, 5, 7))))
    verdict = verdicts.accumulation(results_of(spec, []))
    assert verdict.missing == Missing.SPLITS and verdict.batch_size == 7
