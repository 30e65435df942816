"""Token ids and starts go in, x and y come out."""

import numpy as np
import pytest
import torch

from core.batches import all_windows, coverage, make_batch, num_windows, spread_starts

IDS = np.array([10, 11, 12, 13, 14, 15])


def test_x_and_y_by_hand():
    batch = make_batch(IDS, np.array([0, 3]), block_size=2)
    assert batch.x.tolist() == [[10, 11], [13, 14]]
    assert batch.y.tolist() == [[11, 12], [14, 15]]
    assert batch.starts.tolist() == [0, 3]


def test_the_example_in_the_docstring_of_the_module():
    text = "To be or not to be."
    batch = make_batch(np.array([ord(c) for c in text]), np.array([0]), block_size=8)
    x, y = ("".join(map(chr, row)) for row in (batch.x[0], batch.y[0]))
    assert (x, y) == ("To be or", "o be or ")


def test_y_is_x_one_token_on():
    ids = np.random.default_rng(0).permutation(100)  # no token twice, so a shift by anything else would show
    batch = make_batch(ids, np.array([0, 7, 91]), block_size=8)
    assert batch.x.shape == batch.y.shape == (3, 8)
    assert (batch.y[:, :-1] == batch.x[:, 1:]).all()
    assert batch.y[:, -1].tolist() == ids[[8, 15, 99]].tolist()  # one past each window's eighth token


def test_ids_stay_int64():
    batch = make_batch(IDS, np.array([1]), block_size=3)
    assert batch.x.dtype == batch.y.dtype == np.int64


@pytest.mark.parametrize("start", [-1, 4])  # with T = 2, 6 tokens hold windows that begin at 0, 1, 2 and 3
def test_a_window_that_would_leave_the_text_is_refused(start):
    with pytest.raises(ValueError, match="between 0 and 3, so that its 3 tokens"):
        make_batch(IDS, np.array([0, start]), block_size=2)


def test_the_last_window_reaches_the_last_token():
    assert make_batch(IDS, np.array([3]), block_size=2).y[0, -1] == 15


def test_numpy_gives_numpy():
    batch = make_batch(IDS, np.array([0, 1]), block_size=4)
    assert type(batch.x) is type(batch.y) is np.ndarray


@pytest.mark.parametrize("starts", [np.array([0, 2, 1]), torch.tensor([0, 2, 1])])
def test_a_torch_tensor_stays_one_with_the_same_values(starts):
    from_numpy = make_batch(IDS, np.array([0, 2, 1]), block_size=3)
    batch = make_batch(torch.from_numpy(IDS), starts, block_size=3)
    assert isinstance(batch.x, torch.Tensor) and isinstance(batch.y, torch.Tensor)
    assert batch.x.tolist() == from_numpy.x.tolist() and batch.y.tolist() == from_numpy.y.tolist()


@pytest.mark.parametrize(("num_tokens", "block_size", "expected"), [(6, 2, 4), (3, 2, 1), (2, 2, 0), (1, 5, 0)])
def test_number_of_windows_by_hand(num_tokens, block_size, expected):
    assert num_windows(num_tokens, block_size) == expected


@pytest.mark.parametrize("ids", [IDS, torch.from_numpy(IDS)])
def test_all_windows_are_a_view_of_the_text(ids):
    windows = all_windows(ids, 4)
    assert windows.tolist() == [[10, 11, 12, 13, 14], [11, 12, 13, 14, 15]]
    assert np.shares_memory(np.asarray(windows), IDS)


def test_coverage_by_hand():
    # T = 3: 0 reads tokens 0 1 2, 2 reads 2 3 4, 2 again; token 7 is only ever an answer
    assert coverage(np.array([0, 2, 2, 4]), num_tokens=8, block_size=3).tolist() == [1, 1, 3, 2, 3, 1, 1, 0]


def test_coverage_of_nothing_is_zero_everywhere():
    assert coverage(np.array([], dtype=np.int64), num_tokens=4, block_size=2).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("num_tokens", "block_size", "count"), [(100, 8, 5), (100, 8, 64), (9, 8, 3), (4097, 16, 64)])
def test_spread_windows_share_no_target_and_stay_in_the_text(num_tokens, block_size, count):
    starts = spread_starts(num_tokens, block_size, count)
    assert len(starts) == min(count, (num_tokens - 1) // block_size) > 0
    assert starts[0] == 0 and starts[-1] <= num_tokens - block_size - 1
    assert (np.diff(starts) >= block_size).all()


def test_spread_windows_reach_from_the_first_block_to_the_last():
    assert spread_starts(num_tokens=41, block_size=4, count=4).tolist() == [0, 12, 24, 36]  # blocks 0, 3, 6, 9 of ten
