"""What random windows read, against counting every possible draw, and against the stream itself."""

import itertools
import math

import numpy as np
import pytest

from core.batches import WindowStream, coverage
from core.corpus import build_corpus, samples
from core.measure.coverage import expected_reads, expected_unseen, places_that_read, unread_stretches


def every_draw(num_tokens, block_size, num_drawn):
    """How often each token is read, for every row of starts that can be drawn: (draws, N)."""
    rows = itertools.product(range(num_tokens - block_size), repeat=num_drawn)
    return np.array([coverage(np.array(row), num_tokens, block_size) for row in rows])


@pytest.mark.parametrize(("num_tokens", "block_size"), [(7, 3), (4, 3), (9, 1), (6, 4), (40, 8)])
def test_the_places_are_those_of_all_windows_together(num_tokens, block_size):
    starts = np.arange(num_tokens - block_size)
    expected = coverage(starts, num_tokens, block_size)
    assert places_that_read(num_tokens, block_size).tolist() == expected.tolist()


@pytest.mark.parametrize(("num_tokens", "block_size", "num_drawn"), [(5, 2, 3), (7, 3, 2), (4, 3, 2), (6, 5, 3)])
def test_expectations_are_means_over_every_draw(num_tokens, block_size, num_drawn):
    counts = every_draw(num_tokens, block_size, num_drawn)
    assert expected_unseen(num_tokens, block_size, num_drawn) == pytest.approx((counts == 0).mean())
    shares = [(counts == k).mean() for k in range(num_drawn + 1)]
    edges = np.arange(num_drawn + 2)
    assert expected_reads(num_tokens, block_size, num_drawn, edges) == pytest.approx(shares)


def test_wide_bins_are_sums_of_narrow_ones():
    narrow = expected_reads(200, 8, 50, np.arange(0, 13))
    assert expected_reads(200, 8, 50, np.arange(0, 13, 3)) == pytest.approx(narrow.reshape(-1, 3).sum(axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_one_epoch_s_worth_with_replacement_reads_1_minus_1_over_e_of_the_large_sample(seed):
    ids = build_corpus(samples()["python-docs"].text, tokenizer="char").train_ids
    stream = WindowStream(num_tokens=len(ids), block_size=32, order="random", seed=seed)
    seen = (stream.coverage(stream.epoch_size) > 0).mean()
    assert len(ids) > 300_000
    assert seen == pytest.approx(1 - 1 / math.e, rel=0.01)
    # neighbours share windows: Var = (T / N) e^-2 (2e - 5), a standard deviation of 0.2 points here
    expected = 1 - expected_unseen(len(ids), 32, stream.epoch_size)
    assert abs(seen - expected) < 4 * math.sqrt(32 / len(ids) * math.exp(-2) * (2 * math.e - 5))


def test_the_stream_reads_as_often_as_expected():
    counts = [WindowStream(num_tokens=301, block_size=10, seed=seed).coverage(30) for seed in range(300)]
    shares = np.bincount(np.concatenate(counts), minlength=12)[:12] / (300 * 301)
    assert shares == pytest.approx(expected_reads(301, 10, 30, np.arange(13)), abs=0.01)


def test_unread_stretches_are_the_longest_in_the_order_of_the_text():
    counts = np.array([1, 0, 0, 0, 2, 0, 1, 0, 0])
    assert unread_stretches(counts, at_most=2) == (3, [(1, 4), (7, 9)])
    assert unread_stretches(np.ones(4, int), at_most=2) == (0, [])
    assert unread_stretches(np.zeros(4, int), at_most=2) == (1, [(0, 4)])
