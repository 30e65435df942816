"""What a worker says of packed documents."""

import math

import numpy as np
import pytest
import torch

from core.batches import pack
from core.calls.packing import MAX_STEP_SLOTS, prove, step_documents, time_steps
from core.measure.packing import first_and_second, others
from core.model import GPTConfig

V, T = 12, 16
WORDS = [np.random.default_rng(n).integers(0, V, n) for n in (4, 8, 5, 11, 9, 3, 7)]
CONFIG = GPTConfig(vocab_size=V, block_size=T, n_layer=1, n_head=2, n_embd=16)


@pytest.fixture(scope="module")
def report():
    return prove(WORDS, CONFIG, 0, "cpu")


def test_packed_logits_equal_separate_ones(report):
    assert report.num_documents == len(WORDS) and report.largest_logit > 0
    assert report.largest_difference < 1e-5 < 0.01 < report.running_difference


def test_the_second_document_is_unmoved_by_the_first_with_the_mask_and_moved_without(report):
    assert len(report.leaks) >= 3
    for leak in report.leaks:
        assert leak.masked_after == leak.masked and leak.masked_moved == 0
        assert leak.unmasked_moved > 0.01


def test_the_leaks_name_the_documents_of_their_rows(report):
    plan = pack(WORDS, T).plan
    for leak in report.leaks:
        assert [leak.first, leak.second] == [piece.document for piece in plan[leak.row]][:2]


def test_the_model_was_trained_and_restarted_positions_suit_it(report):
    assert report.loss < report.first_loss - 0.5
    assert report.later_running_loss > report.later_loss < report.later_unmasked_loss


def test_padded_and_packed_give_the_same_gradient(report):
    assert report.gradient_difference < 1e-4


def test_what_stands_behind_a_cut_misses_its_beginning(report):
    assert report.num_behind_cuts > 0 and report.without_context > report.with_context


def test_the_same_seed_says_the_same(report):
    again = prove(WORDS, CONFIG, 0, "cpu")
    assert again.loss == report.loss and again.leaks == report.leaks


def test_one_document_has_no_neighbour():
    alone = prove(WORDS[:1], CONFIG, 0, "cpu")
    assert alone.leaks == () and math.isnan(alone.later_loss)


def test_documents_that_are_longer_than_a_row_are_proven_too():
    long = [np.random.default_rng(0).integers(0, V, 3 * T + 5), WORDS[0]]
    found = prove(long, CONFIG, 0, "cpu")
    assert found.largest_difference < 1e-5 and math.isnan(found.gradient_difference)


def test_first_and_second_by_hand():
    first, second = first_and_second(torch.tensor([[3, 3, 1, 1, 0], [2, 2, 2, -1, -1], [4, 4, 4, 4, 4]]))
    assert first.int().tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert second.int().tolist() == [[0, 0, 1, 1, 0], [0] * 5, [0] * 5]


def test_another_token_is_never_the_same():
    ids = torch.randint(5, (1000,), generator=torch.Generator().manual_seed(0))
    changed = others(ids, 5, torch.Generator().manual_seed(1))
    assert not (changed == ids).any() and set(changed.tolist()) == set(range(5))


def test_a_round_times_both_ways_on_the_same_documents():
    times = time_steps(WORDS, CONFIG, 0, "cpu", 3)
    assert 1 <= len(times.seconds) <= 3 and min(map(min, times.seconds)) > 0
    assert times.num_slots == (7 * 11, pack(WORDS, T).num_slots) and times.num_tokens == (47, 47)


def test_a_timed_update_is_bounded():
    documents = [np.zeros(n, dtype=np.int64) for n in (100_000, 50, 60)]
    few = step_documents(documents, T)
    assert [len(document) for document in few] == [MAX_STEP_SLOTS]
    many = step_documents([np.zeros(10, dtype=np.int64)] * 5000, T)
    assert len(many) == MAX_STEP_SLOTS // 10


def test_more_tokens_than_can_be_packed_while_one_waits_are_refused():
    with pytest.raises(ValueError, match="1,000,001 tokens"):
        prove([np.zeros(1_000_001, dtype=np.int64)], CONFIG, 0, "cpu")
