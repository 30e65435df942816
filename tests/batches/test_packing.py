"""Documents in rows: by hand on four lengths, and for any lengths each token once."""

import numpy as np
import pytest

from core.batches import IGNORE, PACKERS, PADDING, pack, places

LENGTHS = (4, 8, 5, 11)  # SCIENCE's case


def documents_of(lengths):
    """Every token of all documents has an id of its own."""
    ends = np.cumsum(lengths)
    return [np.arange(end - length, end) for length, end in zip(lengths, ends, strict=True)]


def some_lengths(seed):
    generator = np.random.default_rng(seed)
    return generator.integers(1, 40, generator.integers(1, 30)).tolist(), int(generator.integers(1, 30))


def test_four_documents_padded_waste_more_than_a_third():
    batch = pack(documents_of(LENGTHS), 16, "pad")
    assert batch.ids.shape == (4, 11) and batch.num_slots == 44 and batch.num_tokens == 28
    assert f"{100 * batch.waste:.1f}%" == "36.4%"


def test_best_fit_by_hand():
    # 11 opens a row and leaves 5; 8 opens one and leaves 8; 5 fits the first to the brim; 4 goes to the second
    batch = pack(documents_of(LENGTHS), 16)
    assert batch.segments.tolist() == [[3] * 11 + [2] * 5, [1] * 8 + [0] * 4 + [PADDING] * 4]
    assert batch.waste == 4 / 32 and batch.documents_cut == 0


def test_best_fit_takes_the_row_with_the_least_room_that_is_enough():
    # rows with 1 and 3 left; a document of 1 goes where 1 is left, though the other came first
    batch = pack(documents_of((7, 9, 1)), 10)
    assert [[piece.document for piece in row] for row in batch.plan] == [[1, 2], [0]]
    assert [[piece.document for piece in row] for row in pack(documents_of((9, 7, 3)), 10).plan] == [[0], [1, 2]]


def test_end_to_end_by_hand():
    batch = pack(documents_of((3, 4)), 5, "cut")
    assert batch.ids.tolist() == [[0, 1, 2, 3, 4], [5, 6, 0, 0, 0]]
    assert batch.segments.tolist() == [[0, 0, 0, 1, 1], [1, 1, PADDING, PADDING, PADDING]]
    assert batch.positions.tolist() == [[0, 1, 2, 0, 1], [0, 1, 0, 0, 0]]
    assert batch.y.tolist() == [[1, 2, IGNORE, 4, 5], [6, IGNORE, IGNORE, IGNORE, IGNORE]]
    assert batch.documents_cut == 1 and batch.tokens_cropped == 0


def test_padding_crops_what_is_longer_than_a_row():
    batch = pack(documents_of((3, 8)), 5, "pad")
    assert batch.ids.tolist() == [[0, 1, 2, 0, 0], [3, 4, 5, 6, 7]] and batch.tokens_cropped == 3
    assert batch.y[1].tolist() == [4, 5, 6, 7, IGNORE]  # what was cropped is no target either


def test_only_what_is_longer_than_a_row_is_cut_by_best_fit():
    batch = pack(documents_of((12, 5, 3)), 5)
    assert batch.documents_cut == 1 and [len(row) for row in batch.plan] == [1, 1, 1, 2]
    assert {piece.document for row in batch.plan for piece in row if piece.start} == {0}


@pytest.mark.parametrize("strategy", PACKERS)
@pytest.mark.parametrize("seed", range(20))
def test_every_token_stands_in_a_row_once_unless_it_was_cropped(strategy, seed):
    lengths, row_length = some_lengths(seed)
    batch = pack(documents_of(lengths), row_length, strategy)
    real = np.sort(batch.ids[batch.segments != PADDING])
    if strategy == "pad":
        kept = np.concatenate([document[:row_length] for document in documents_of(lengths)])
        assert batch.tokens_cropped == sum(max(0, length - row_length) for length in lengths)
    else:
        kept = np.arange(sum(lengths))
        assert batch.tokens_cropped == 0
    assert real.tolist() == kept.tolist() and batch.num_tokens == len(kept)


@pytest.mark.parametrize("strategy", PACKERS)
@pytest.mark.parametrize("seed", range(20))
def test_a_target_is_the_next_token_of_the_same_document(strategy, seed):
    lengths, row_length = some_lengths(seed)
    documents = documents_of(lengths)
    batch = pack(documents, row_length, strategy)
    last = {int(document[: row_length if strategy == "pad" else None][-1]) for document in documents}
    real, targets = batch.segments != PADDING, batch.y != IGNORE
    assert (batch.y[targets] == batch.ids[targets] + 1).all()  # ids count on through a document
    assert set(batch.ids[real & ~targets].tolist()) == last  # and stop at its end
    assert not targets[~real].any() and batch.num_targets == batch.num_tokens - len(lengths)


@pytest.mark.parametrize("strategy", PACKERS)
def test_positions_restart_in_each_piece(strategy):
    batch = pack(documents_of((12, 5, 3, 9)), 8, strategy)
    for row, here, piece in places(batch.plan):
        assert batch.positions[row, here].tolist() == list(range(piece.num_tokens))


@pytest.mark.parametrize("seed", range(20))
def test_best_fit_never_needs_fewer_rows_than_end_to_end(seed):
    lengths, row_length = some_lengths(seed)
    rows = {strategy: len(pack(documents_of(lengths), row_length, strategy).plan) for strategy in ("cut", "best-fit")}
    assert rows["cut"] == -(-sum(lengths) // row_length) <= rows["best-fit"]


@pytest.mark.parametrize(
    ("documents", "row_length", "strategy", "words"),
    [
        ([], 8, "pad", "nothing to pack"),
        ([np.arange(3), np.arange(0)], 8, "cut", "nothing to pack"),
        ([np.arange(3)], 0, "cut", "row length is 0"),
        ([np.arange(3)], 8, "fold", "not known"),
    ],
)
def test_what_cannot_be_packed_is_refused(documents, row_length, strategy, words):
    with pytest.raises(ValueError, match=words):
        pack(documents, row_length, strategy)
