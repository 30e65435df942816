"""Batches by hand: the text 3 1 4 1 5 9 2 6, block size 3."""

import doctest

import numpy as np
import pytest
import torch

import core.batches.stream
import core.batches.windows
from core.batches import coverage, make_batch, spread_starts

IDS = np.array([3, 1, 4, 1, 5, 9, 2, 6])


def test_x_is_the_window_and_y_is_one_token_on():
    batch = make_batch(IDS, np.array([0, 4]), block_size=3)
    assert batch.x.tolist() == [[3, 1, 4], [5, 9, 2]]
    assert batch.y.tolist() == [[1, 4, 1], [9, 2, 6]]


def test_numpy_stays_numpy_and_a_tensor_stays_a_tensor():
    starts = np.array([0, 4, 2])
    from_numpy = make_batch(IDS, starts, block_size=3)
    from_torch = make_batch(torch.from_numpy(IDS), starts, block_size=3)
    assert isinstance(from_numpy.x, np.ndarray) and isinstance(from_torch.y, torch.Tensor)
    assert from_torch.x.tolist() == from_numpy.x.tolist() and from_torch.y.tolist() == from_numpy.y.tolist()


@pytest.mark.parametrize("start", [-1, 5])
def test_a_window_that_leaves_the_text_is_refused(start):
    with pytest.raises(ValueError, match="between 0 and 4"):
        make_batch(IDS, np.array([start]), block_size=3)


def test_coverage_counts_inputs_not_targets():
    assert coverage(np.array([0, 4]), 8, 3).tolist() == [1, 1, 1, 0, 1, 1, 1, 0]


def test_validation_windows_are_spread_and_share_no_target():
    assert spread_starts(100, 9, 4).tolist() == [0, 27, 63, 90]  # blocks 0, 3.33, 6.67, 10 of eleven
    assert spread_starts(100, 9, 50).tolist() == list(range(0, 99, 9))


@pytest.mark.parametrize("module", [core.batches.stream, core.batches.windows])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed
