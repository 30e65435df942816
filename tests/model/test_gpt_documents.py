"""Several documents in one row leave each other alone, in one model and in several side by side.

Shapes: a row of documents of 3, 4 and 1 tokens, and another row.
"""

import pytest
import torch
from test_gpt import gpt, tokens
from test_replicas import NUM_REPLICAS, models

from core.model import ReplicaStack

SEGMENTS = torch.tensor([[0, 0, 0, 1, 1, 1, 1, 2], [3, 3, 3, 3, 3, 4, 4, -1]])
POSITIONS = torch.tensor([[0, 1, 2, 0, 1, 2, 3, 0], [0, 1, 2, 3, 4, 0, 1, 0]])
PLACES = [(0, 0, 3), (0, 3, 7), (0, 7, 8), (1, 0, 5), (1, 5, 7)]  # row, start, stop


@pytest.mark.parametrize(("row", "first", "end"), PLACES)
def test_packed_logits_are_those_of_the_document_alone(row, first, end):
    model, x = gpt(), tokens(2, 8)
    packed = model(x, POSITIONS, SEGMENTS)[row, first:end]
    torch.testing.assert_close(packed, model(x[row : row + 1, first:end])[0], rtol=0, atol=1e-5)


def test_without_the_mask_they_are_not():
    model, x = gpt(), tokens(2, 8)
    assert (model(x, POSITIONS)[0, 3:7] - model(x[:1, 3:7])[0]).abs().max() > 1e-4


def test_without_restarted_positions_they_are_not():
    model, x = gpt(), tokens(2, 8)
    assert (model(x, None, SEGMENTS)[0, 3:7] - model(x[:1, 3:7])[0]).abs().max() > 1e-4


def test_one_document_a_row_needs_neither():
    model, x = gpt(), tokens(2, 8)
    positions, segments = torch.arange(8).expand(2, 8), torch.tensor([[0] * 8, [1] * 8])
    torch.testing.assert_close(model(x, positions, segments), model(x), rtol=0, atol=1e-6)


def test_padding_gives_numbers():
    assert gpt()(tokens(2, 8), POSITIONS, SEGMENTS).isfinite().all()


def test_replicas_keep_documents_apart_too():
    some, x = models(), tokens(NUM_REPLICAS, 2, 8)
    several = (NUM_REPLICAS, 2, 8)
    stacked = ReplicaStack(some).model(x, POSITIONS.expand(several), SEGMENTS.expand(several))
    alone = torch.stack([model(part, POSITIONS, SEGMENTS) for model, part in zip(some, x, strict=True)])
    torch.testing.assert_close(stacked, alone, rtol=1e-5, atol=1e-6)
