"""The memory that a step takes: what is counted, where it ends, and the largest batch that fits."""

from dataclasses import replace

import pytest
import torch
from from_messages import results_of
from tiny_costs import CHOSEN, DOUBLING, measured

from core.experiments.step_cost import run as run_module
from core.experiments.step_cost.largest import MAX_TRIES, find_largest
from core.experiments.step_cost.messages import Largest, Memory, NoMemory
from core.experiments.step_cost.results import table_of
from core.experiments.step_cost.run import run

pytestmark = pytest.mark.usefixtures("few_rounds")


def test_memory_is_counted_at_every_size(doubling):
    assert set(doubling.by_batch_size()) == set(DOUBLING.batch_sizes)
    assert set(doubling.by_block_size()) == set(DOUBLING.block_sizes) and doubling.size_of_blocks == 24
    parts = doubling.by_batch_size()[16]
    assert parts["weights"] == parts["gradients"] == 4 * doubling.started.num_parameters
    longer = doubling.by_block_size()[16]  # twice as many positions, of 16 channels each
    assert longer["weights"] == parts["weights"] + 4 * 8 * 16
    assert parts["activations"] > 0 < parts["temporary"]


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
