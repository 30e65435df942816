"""Token ids in, batches out: which windows, in which order, and the (x, y) that they give.

Read `windows.py` first (a window becomes x and y), then `stream.py` (the order in which windows come).
"""

from core.batches.stream import ORDERS, WindowStream
from core.batches.windows import Batch, all_windows, coverage, make_batch, num_windows, spread_starts

__all__ = ["ORDERS", "Batch", "WindowStream", "all_windows", "coverage", "make_batch", "num_windows", "spread_starts"]
