"""Documents of uneven length in rows of equal length: padded, cut, or packed.

A batch is a rectangle of token slots. Four documents of 4, 8, 5 and 11 tokens, in rows of 16 (. is padding):

    pad       one document a row, as wide as the longest     cut       end to end, cut every 16 tokens
              AAAA.......                                              AAAABBBBBBBBCCCC
              BBBBBBBB...                                              CDDDDDDDDDDD....
              CCCCC......                                    best-fit  whole, each in the fullest row that has room
              DDDDDDDDDDD                                              DDDDDDDDDDDCCCCC
                                                                       BBBBBBBBAAAA....

First it is planned which piece of which document goes where, from the lengths alone; then the rows are filled. Numpy
only; the model's part, attention that stays within a document, is in `core/model/gpt.py`.

Shapes: B rows, T slots in a row, N tokens of a document.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

IGNORE = -100  # in y: nothing to predict here. torch's cross-entropy leaves out this very number
PADDING = -1  # in segments: no document


@dataclass(frozen=True)
class Piece:
    """Tokens start, ..., stop - 1 of a document: all of it, mostly."""

    document: int
    start: int
    stop: int

    @property
    def num_tokens(self) -> int:
        return self.stop - self.start


Plan = list[list[Piece]]  # the pieces of each row, from the left


def pad(lengths: Sequence[int], row_length: int) -> Plan:
    """One document a row; what is longer than a row is cropped."""
    return [[Piece(document, 0, min(length, row_length))] for document, length in enumerate(lengths)]


def cut(lengths: Sequence[int], row_length: int) -> Plan:
    """All documents end to end, a new row every `row_length` tokens, wherever that is.

    >>> cut([3, 2], row_length=4)[1]
    [Piece(document=1, start=1, stop=2)]
    """
    rows: Plan = []
    room = 0  # slots left in the last row
    for document, length in enumerate(lengths):
        start = 0
        while start < length:
            if not room:
                rows.append([])
                room = row_length
            stop = min(length, start + room)
            rows[-1].append(Piece(document, start, stop))
            room -= stop - start
            start = stop
    return rows


def best_fit(lengths: Sequence[int], row_length: int) -> Plan:
    """Longest first, each into the row with the least room that is enough, or into a new one. Only what is longer than
    a row is cut, into whole rows and a rest. (Best-fit decreasing, as in Ding et al. 2024, "Fewer truncations improve
    language modeling".)

    >>> [[piece.document for piece in row] for row in best_fit([4, 8, 5, 11], row_length=16)]
    [[3, 2], [1, 0]]
    """
    pieces = [
        Piece(document, start, min(length, start + row_length))
        for document, length in enumerate(lengths)
        for start in range(0, length, row_length)
    ]
    rows: Plan = []
    with_room: list[Plan] = [[] for _ in range(row_length + 1)]  # rows by how many slots they have left
    for piece in sorted(pieces, key=lambda piece: -piece.num_tokens):  # equally long ones stay in order
        size = piece.num_tokens
        room = next((room for room in range(size, row_length) if with_room[room]), row_length)
        if room == row_length:
            rows.append([])
            row = rows[-1]
        else:
            row = with_room[room].pop(0)
        row.append(piece)
        with_room[room - size].append(row)
    return rows


PACKERS: dict[str, Callable[[Sequence[int], int], Plan]] = {"pad": pad, "cut": cut, "best-fit": best_fit}


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedBatch:
    """Rows of documents, slot by slot, and what became of the documents."""

    ids: np.ndarray  # (B, T) int64, what the model reads; 0 where there is padding
    y: np.ndarray  # (B, T) int64, the next token of the same document; IGNORE where there is none
    segments: np.ndarray  # (B, T) int64, each slot's document, from 0; PADDING where there is none
    positions: np.ndarray  # (B, T) int64, from 0 in each piece
    plan: Plan
    num_documents: int
    documents_cut: int  # into two pieces or more
    tokens_cropped: int  # that stand in no row

    @property
    def num_slots(self) -> int:
        return self.ids.size

    @property
    def num_tokens(self) -> int:
        """Slots with a token of a document."""
        return int((self.segments != PADDING).sum())

    @property
    def num_targets(self) -> int:
        return int((self.y != IGNORE).sum())

    @property
    def waste(self) -> float:
        """Slots with padding / all slots."""
        return 1 - self.num_tokens / self.num_slots


def pack(documents: Sequence[np.ndarray], row_length: int, strategy: str = "best-fit") -> PackedBatch:
    """The documents' token ids, (N,) each, in rows of at most `row_length` slots; strategy: one of PACKERS.

    The target of a token is the next one of its own document: the last one of a document has none, so no target crosses
    a boundary. Where a document is cut, the last token of a piece is still asked for the next, which begins the next
    piece. Raises ValueError where there is nothing to pack.

    >>> lengths_4_8_5_11 = [np.zeros(n, dtype=np.int64) for n in (4, 8, 5, 11)]
    >>> padded = pack(lengths_4_8_5_11, row_length=16, strategy="pad")
    >>> padded.num_slots, padded.num_tokens, padded.num_targets, round(padded.waste, 3)
    (44, 28, 24, 0.364)
    """
    if row_length < 1:
        raise ValueError(f"The row length is {row_length}; it must be at least 1.")
    if strategy not in PACKERS:
        raise ValueError(f"The strategy {strategy!r} is not known; it is one of {', '.join(PACKERS)}.")
    if not documents or not all(len(document) for document in documents):
        raise ValueError("There is nothing to pack: every document needs a token, and there must be a document.")
    lengths = [len(document) for document in documents]
    plan = PACKERS[strategy](lengths, row_length)
    width = min(row_length, max(lengths)) if strategy == "pad" else row_length
    kept = [document[:row_length] for document in documents] if strategy == "pad" else documents
    ids, y, segments, positions = fill(kept, plan, width)
    return PackedBatch(
        ids=ids,
        y=y,
        segments=segments,
        positions=positions,
        plan=plan,
        num_documents=len(documents),
        documents_cut=len({piece.document for row in plan for piece in row if piece.start}),
        tokens_cropped=sum(lengths) - sum(len(document) for document in kept),
    )


def fill(documents: Sequence[np.ndarray], plan: Plan, width: int) -> tuple[np.ndarray, ...]:
    """(ids, y, segments, positions), (B, width) each, of the pieces in their rows."""
    shape = len(plan), width
    ids, positions = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    y, segments = np.full(shape, IGNORE), np.full(shape, PADDING)
    for row, here, piece in places(plan):
        document = documents[piece.document]
        targets = document[piece.start + 1 : piece.stop + 1]  # one fewer at the end of the document
        ids[row, here] = document[piece.start : piece.stop]
        y[row, here.start : here.start + len(targets)] = targets
        segments[row, here] = piece.document
        positions[row, here] = np.arange(piece.num_tokens)
    return ids, y, segments, positions


def places(plan: Plan) -> Iterator[tuple[int, slice, Piece]]:
    """(row, slots, piece) for every piece, from the first row's left on.

    >>> list(places([[Piece(0, 0, 4), Piece(1, 0, 3)]]))[1]
    (0, slice(4, 7, None), Piece(document=1, start=0, stop=3))
    """
    for row, pieces in enumerate(plan):
        start = 0
        for piece in pieces:
            yield row, slice(start, start + piece.num_tokens), piece
            start += piece.num_tokens
