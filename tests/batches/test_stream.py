"""One stream of examples, whatever the batch size, in each of three orders."""

import numpy as np
import pytest

from core.batches import ORDERS, WindowStream
from core.batches import coverage as count_reads


def stream(order="random", num_tokens=1000, block_size=8, seed=0):
    return WindowStream(num_tokens=num_tokens, block_size=block_size, order=order, seed=seed)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 3, 4, 64, 257])
def test_example_k_is_the_same_however_the_stream_is_cut(order, size):
    whole = stream(order).starts(first=0, count=600)
    cut = [stream(order).starts(first=first, count=size) for first in range(0, 600 - size + 1, size)]
    joined = np.concatenate(cut)
    assert len(joined) > 300
    assert (joined == whole[: len(joined)]).all()


@pytest.mark.parametrize("order", ORDERS)
def test_every_window_fits_into_the_text(order):
    starts = stream(order, num_tokens=50, block_size=7).starts(first=0, count=5000)
    assert starts.min() == 0 and starts.max() + 7 <= 49


def test_random_windows_are_uniform():
    starts = stream(num_tokens=18, block_size=8).starts(first=0, count=10_000)  # ten places, each 1,000 times
    counts = np.bincount(starts, minlength=10)
    assert len(counts) == 10
    assert ((counts - 1000) ** 2 / 1000).sum() < 27.9  # chi-squared with 9 degrees of freedom, 0.1%


def test_shuffled_takes_each_block_once_an_epoch_in_a_new_order():
    s = stream("shuffled", num_tokens=801)  # a hundred blocks
    assert s.epoch_size == 100
    first, second = s.starts(first=0, count=100), s.starts(first=100, count=100)
    assert sorted(first) == sorted(second) == list(range(0, 800, 8))
    assert (first != second).any()


def test_sequential_goes_through_the_blocks_and_begins_again():
    assert stream("sequential", num_tokens=25).starts(first=0, count=4).tolist() == [0, 8, 16, 0]


@pytest.mark.parametrize("order", ["random", "shuffled"])
def test_the_seed_decides(order):
    one, again, other = (stream(order, seed=seed).starts(first=0, count=50) for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("count", [0, 5, 124, 300])
def test_coverage_is_what_counting_gives(order, count):
    s = stream(order)
    assert (s.coverage(count) == count_reads(s.starts(first=0, count=count), 1000, 8)).all()


def test_an_epochs_worth_of_random_windows_leaves_about_a_third_unseen():
    s = stream(num_tokens=400_001, block_size=8)
    assert abs((s.coverage(s.epoch_size) > 0).mean() - (1 - np.exp(-1))) < 0.01


def test_too_short_a_text_is_told_what_is_missing():
    with pytest.raises(ValueError, match="needs 9 tokens and there are 5: 4 more"):
        stream(num_tokens=5)


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="random, shuffled, sequential"):
        stream("backwards")
