"""Sentences about what a batch costs, from timings that are written by hand."""

from dataclasses import replace

import from_messages
import numpy as np

from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.spec import StepCostSpec
from core.lessons.speed_and_memory.tables import memory_numbers, numbers_of, split_numbers
from core.lessons.speed_and_memory.words import answer_sentence
from core.measure.time_to_target import soonest_of
from core.training import TrainConfig
from core.ui.cost_sentences import largest_line, soonest_line

SIZES, T = (1, 2, 4, 8, 16), 8
JITTER = (0.999, 1.0, 1.001, 1.0)  # what rounds share
SPEC = StepCostSpec.of(RaceSpec(text="", block_size=T, train=TrainConfig(batch_sizes=SIZES)))


def costs_of(step_ms: float, window_ms: float, more: tuple = ()) -> StepCostResults:
    """Every batch size in every round takes step_ms + window_ms B."""
    rounds = []
    for jitter in JITTER:
        steps = [
            {"batch_size": b, "micro_batch_size": b, "seconds": 1e-3 * jitter * (step_ms + window_ms * b)}
            for b in SIZES
        ]
        rounds.append({"kind": "round", "flops_per_second": 1e9, "steps": steps})
    return from_messages.results_of(SPEC, [*rounds, *more])


def test_the_answer_is_what_a_step_takes_and_where_both_parts_are_equal():
    text = answer_sentence(costs_of(2.0, 0.5))
    assert text.startswith("A step takes **2.00 ms** (95% interval ") and "**0.500 ms** (" in text
    assert "equal at the knee, **B = 4.00** (" in text  # 2 ms over 0.5 ms
    assert text.endswith("the most tokens a second come at **B = 16**.")
    assert answer_sentence(from_messages.results_of(SPEC, [])) == "What a step takes shows after the first rounds."


def test_a_knee_beyond_the_batches_measured_is_not_in_the_answer():
    assert answer_sentence(costs_of(2.0, 0.05)).startswith("Where a larger batch stops paying off is not resolved; the")


def test_the_largest_batch_that_was_tried_is_in_the_answer():
    found = costs_of(2.0, 0.5, ({"kind": "largest", **LARGEST},))
    vars(found).update(spec=replace(SPEC, budget_bytes=2_000_000))
    assert answer_sentence(found).endswith("**B = 24** fits into 2.00 MB of memory.")
    assert largest_line(found).startswith("**B = 24 fits into 2.00 MB** (we tried it): a step needs at most 1.9 MB at")


LARGEST = {"batch_size": 24, "predicted": 1.9e6, "measured": 1.9e6, "measured_next": 2.1e6, "why_not": ""}


def test_a_row_of_the_table_has_time_and_memory():
    row = numbers_of(costs_of(2.0, 0.5), 4)  # 4 ms, and 32 tokens in it
    assert row["milliseconds a step"].startswith("4.00 (") and row["thousand tokens a second"].startswith("8.00 (")
    assert memory_numbers({"weights": 1000, "activations": 3000}) == {
        "weights": "1.00 kB", "activations": "3.00 kB", "in all": "4.00 kB",
    }  # fmt: skip
    assert split_numbers(costs_of(2.0, 0.5), 2)["milliseconds for 16 windows"] == "not measured"


def test_who_reaches_the_target_first_is_said_with_who_is_too_close():
    steps = {4: np.array([100.0, 101.0, 99.0]), 16: np.array([30.0, 31.0, 29.0])}
    taken = {4: np.array([0.01, 0.01]), 16: np.array([0.02, 0.02])}
    text = soonest_line(soonest_of(steps, taken))  # 1 s and 0.6 s
    assert text.startswith("**B = 16 reaches it first**, after 600 ms; B = 4, the next one, takes 1.67 (")
    close = {4: np.array([0.01, 0.01]), 16: np.array([0.033, 0.033])}
    near = soonest_line(soonest_of(steps, close))  # 1 s and 0.99 s
    assert near.endswith("too close to B = 4 to call with 3 runs.")
    one = soonest_line(soonest_of({b: each[:1] for b, each in steps.items()}, taken))
    assert one.startswith("The sweep has one seed")
