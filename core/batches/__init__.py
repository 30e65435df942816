"""Token ids in, batches out: which windows, in which order, and the (x, y) that they give.

Read `windows.py` first (a window becomes x and y), then `stream.py` (the order in which windows come); `packing.py` has
documents of uneven length in place of windows.
"""

from core.batches.packing import IGNORE, PACKERS, PADDING, PackedBatch, Piece, pack, places
from core.batches.stream import ORDERS, WindowStream
from core.batches.windows import Batch, all_windows, coverage, make_batch, num_windows, split, spread_starts

__all__ = [
    "IGNORE",
    "ORDERS",
    "PACKERS",
    "PADDING",
    "Batch",
    "PackedBatch",
    "Piece",
    "WindowStream",
    "all_windows",
    "coverage",
    "make_batch",
    "num_windows",
    "pack",
    "places",
    "split",
    "spread_starts",
]
