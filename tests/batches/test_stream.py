"""Example k of a stream is one window, however the stream is cut."""

import numpy as np
import pytest
from scipy import stats

from core.batches import ORDERS, WindowStream

every_order = pytest.mark.parametrize("order", ORDERS)


def stream(order="random", num_tokens=50, block_size=8, seed=0):
    return WindowStream(num_tokens=num_tokens, block_size=block_size, order=order, seed=seed)


def cut(some_stream, sizes):
    ends = np.cumsum(sizes)
    return np.concatenate([some_stream.starts(first=int(end - n), count=n) for end, n in zip(ends, sizes, strict=True)])


@every_order
@pytest.mark.parametrize("sizes", [[1] * 96, [4] * 24, [16] * 6, [64, 32], [1, 2, 3, 5, 7, 11, 13, 54]])
def test_example_k_is_the_same_however_the_stream_is_cut(order, sizes):
    assert sum(sizes) == 96
    assert cut(stream(order), sizes).tolist() == stream(order).starts(first=0, count=96).tolist()


@every_order
def test_examples_can_be_asked_for_in_any_sequence(order):
    wanted = stream(order).starts(first=0, count=40)
    backwards = [int(stream(order).starts(first=k, count=1)[0]) for k in reversed(range(40))]
    assert backwards[::-1] == wanted.tolist()


@every_order
def test_example_k_can_be_asked_for_far_along(order):
    near, far = (stream(order).starts(first=10**9 + skipped, count=9 - skipped) for skipped in (0, 5))
    assert near[5:].tolist() == far.tolist()


@every_order
@pytest.mark.parametrize("num_tokens", [9, 10, 16, 17, 18, 50])
def test_every_window_lies_in_the_text(order, num_tokens):
    starts = stream(order, num_tokens).starts(first=0, count=500)
    assert starts.dtype == np.int64 and starts.shape == (500,)
    assert starts.min() >= 0 and starts.max() + 8 + 1 <= num_tokens


def test_random_windows_reach_both_ends_of_the_text():
    starts = stream("random").starts(first=0, count=2_000)
    assert (starts.min(), starts.max()) == (0, 50 - 8 - 1)


@pytest.mark.parametrize("seed", range(4))
def test_random_draws_are_uniform(seed):
    counts = np.bincount(stream("random", seed=seed).starts(first=0, count=42_000), minlength=42)
    chi_squared = ((counts - 1_000) ** 2 / 1_000).sum()  # 42 places, 1,000 draws expected at each
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], df=41)
    assert len(counts) == 42 and low < chi_squared < high


def test_a_random_draw_tells_nothing_of_the_next():
    starts = stream("random", num_tokens=10_008).starts(first=0, count=10_000)
    assert abs(np.corrcoef(starts[:-1], starts[1:])[0, 1]) < 4 / np.sqrt(10_000)


def test_shuffled_takes_each_block_once_in_an_epoch():
    for epoch in range(5):
        starts = stream("shuffled").starts(first=6 * epoch, count=6)
        assert sorted(starts.tolist()) == [0, 8, 16, 24, 32, 40]  # (50 - 1) // 8 = 6 blocks


def test_shuffled_epochs_differ():
    some = stream("shuffled", num_tokens=8 * 40 + 1)
    first, second = (some.starts(first=40 * epoch, count=40).tolist() for epoch in (0, 1))
    assert first != second and sorted(first) == sorted(second)


def test_sequential_wraps_round():
    assert stream("sequential", num_tokens=10, block_size=4).starts(first=0, count=5).tolist() == [0, 4, 0, 4, 0]


@pytest.mark.parametrize(("num_tokens", "expected"), [(9, 1), (16, 1), (17, 2), (50, 6)])
def test_a_block_needs_one_token_more_for_its_last_answer(num_tokens, expected):
    assert stream(num_tokens=num_tokens).epoch_size == expected


@every_order
def test_the_same_seed_gives_the_same_stream(order):
    assert cut(stream(order, seed=3), [30]).tolist() == cut(stream(order, seed=3), [30]).tolist()


@pytest.mark.parametrize("order", ["random", "shuffled"])
def test_another_seed_gives_another_stream(order):
    one, other = (stream(order, num_tokens=400, seed=seed).starts(first=0, count=40) for seed in (0, 1))
    assert np.mean(one == other) < 0.3


@every_order
@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 12, 45])
def test_coverage_equals_counting_by_hand(order, count):
    counted = np.zeros(50, int)
    for start in stream(order).starts(first=0, count=count):
        counted[start : start + 8] += 1
    assert stream(order).coverage(count).tolist() == counted.tolist()
    assert counted.sum() == 8 * count


@pytest.mark.parametrize("order", ["shuffled", "sequential"])
def test_an_epoch_without_replacement_reads_each_token_once(order):
    assert stream(order).coverage(6).tolist() == [1] * 48 + [0] * 2


def test_after_an_epoch_of_random_windows_a_token_in_e_is_still_unread():
    some = stream("random", num_tokens=20_001, block_size=10)
    assert some.epoch_size == 2_000
    seen = np.mean(some.coverage(2_000) > 0)
    assert abs(seen - (1 - np.exp(-1))) < 0.03  # about 0.632; its standard deviation here is near 0.01


def test_a_text_that_is_too_short_is_refused_with_what_is_missing():
    with pytest.raises(ValueError, match=r"block size 8 needs 9 tokens and there are 5: 4 more are needed\."):
        stream(num_tokens=5)


def test_one_window_is_enough():
    assert set(stream("random", num_tokens=9).starts(first=0, count=20).tolist()) == {0}


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"order": "backwards"}, r"'backwards' is not known; it is one of random"), ({"block_size": 0}, "at least 1")],
)
def test_settings_that_cannot_serve_are_refused_with_a_sentence(settings, said):
    with pytest.raises(ValueError, match=said):
        stream(**settings)
