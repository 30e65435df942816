"""Accumulation in sentences, from measurements that are written by hand."""

from dataclasses import replace

import from_messages
import pytest

from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.spec import StepCostSpec
from core.lessons.accumulate_gradients.words import (
    answer_sentence,
    cost_sentence,
    gradient_sentence,
    mistake_sentence,
    numbers_of,
    summary_of,
)
from core.measure.reports import AccumulationReport, MistakeReport, PartReport
from core.strategies import LOG_LAST, MEAN_OF_MEANS, NO_DIVISION
from core.training import TrainConfig

SPEC = StepCostSpec.of(RaceSpec(text="", block_size=8, train=TrainConfig(batch_sizes=(8, 32))))
PART = PartReport(num_windows=8, num_targets=64, loss=2.0, norm=1.0, cosine=0.5)
WRONG = MistakeReport(norm=2.0, cosine=1.0, difference=1.0, num_updates=1, moved=1.0, update_difference=0.0)
FOUND = AccumulationReport(
    loss=2.0, norm=0.5, layer_norms={}, accumulated_layer_norms={}, difference=8e-8, largest_difference=2e-8, moved=1.0,
    clip=1.0, parts=(PART,) * 4, mistakes={NO_DIVISION: WRONG, MEAN_OF_MEANS: WRONG}, whole_spread=0.1,
    last_spread=0.2, num_logged=4,
)  # fmt: skip


def memory(batch_size: int, activations: int) -> dict:
    state = {"weights": 100_000, "gradients": 100_000, "optimizer": 200_000}
    return {
        "kind": "memory",
        "batch_size": batch_size,
        "block_size": 8,
        "activations": activations,
        "peak": None,
        **state,
    }


def timed(*split_seconds: float) -> list[dict]:
    """Rounds in which one pass takes a second, and micro-batches of 8 so many."""
    return [
        {"kind": "round", "steps": [
            {"batch_size": 32, "micro_batch_size": 32, "seconds": 1.0},
            {"batch_size": 32, "micro_batch_size": 8, "seconds": seconds},
        ]}
        for seconds in split_seconds
    ]  # fmt: skip


def cost(*split_seconds: float):
    return from_messages.results_of(SPEC, [memory(8, 600_000), memory(32, 2_400_000), *timed(*split_seconds)])


def test_the_answer_is_what_a_split_saves_and_costs_and_that_the_gradient_is_the_same():
    # 0.4 MB of weights, gradients and averages; 0.6 and 2.4 MB of activations; the same ratio in every round
    assert answer_sentence(cost(2.0, 2.0), 8, FOUND) == (
        "**B = 32 in micro-batches of 8 holds 1.00 MB instead of 2.80 MB**, and takes **2.00 times** as long (95% "
        "interval 2.00 to 2.00). The sum of its 4 gradients differs from the gradient of one pass by 8 × 10⁻⁸ of its "
        "length: float32 rounding."
    )
    assert "gradient" not in answer_sentence(cost(2.0, 2.0), 8, None)


def test_a_time_that_is_not_resolved_is_said_to_be_too_close():
    assert "too close to 1 to call" in cost_sentence(cost(0.9, 1.2), 8)


@pytest.mark.parametrize("micro_batch_size", [3, 32])
def test_a_split_that_was_not_measured_has_no_number(micro_batch_size):
    assert "not measured yet" in cost_sentence(cost(2.0, 2.0), micro_batch_size)
    assert "not measured yet" in cost_sentence(cost(2.0), 8)  # a single round has no interval


def test_a_difference_beyond_rounding_is_not_called_rounding():
    assert gradient_sentence(replace(FOUND, difference=0.01)).endswith("by 1 × 10⁻² of its length.")
    assert "nothing to add up" in gradient_sentence(replace(FOUND, parts=(PART,)))


def test_a_split_in_numbers():
    assert numbers_of(cost(2.0, 2.0), 8) == {
        "micro-batch": "8", "micro-batches": "4", "memory": "1.00 MB", "activations, of one pass's": "25%",
        "time of an update": "2.00 s", "times one pass's (95% t interval)": "2.00 (2.00 to 2.00)",
    }  # fmt: skip
    assert numbers_of(cost(2.0, 2.0), 32)["times one pass's (95% t interval)"] == "1"
    assert set(list(numbers_of(from_messages.results_of(SPEC, []), 8).values())[2:]) == {"not measured"}


def test_the_summary_is_of_what_was_measured():
    assert summary_of(cost()).startswith("Measured with B = 32, T = 8; ")


def test_mistakes_come_with_theory_and_measurement():
    # four parts: theory says 4 times; 2.0 / 0.5
    text = mistake_sentence(NO_DIVISION, FOUND)
    assert "theory says **4 times**, the number of parts; measured: **4.00 times**" in text
    assert "a constant factor does no harm" in text  # the right gradient is not clipped
    assert "Every part has 64 targets" in mistake_sentence(MEAN_OF_MEANS, FOUND)
    uneven = replace(FOUND, parts=(replace(PART, num_targets=10), replace(PART, num_targets=40)))
    assert "**4.00 times** as much as one of the longest (theory: 40 / 10)" in mistake_sentence(MEAN_OF_MEANS, uneven)
    assert "only 4 batches of this size" in mistake_sentence(LOG_LAST, FOUND)
