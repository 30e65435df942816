"""The trainer with its step captured: on a CPU its operations are noted once and replayed without Python."""

from collections.abc import Callable

import torch
from torch import Tensor

from core.engine.cpu_graph import capture
from core.engine.plans import MAX_SMALL_MODEL
from core.training.trainer import Trainer


class CapturedTrainer(Trainer):
    """A `Trainer` that replays the parts of its step that were captured. The losses are the same, to the last bit."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.captured: dict[tuple | str, Callable] = {}  # by (shape, windows in the batch, first?), and "update"

    def capture(self, windows: Tensor) -> None:
        """On a CPU, from now on replay the operations that windows (R, B, T + 1) of this shape take (`cpu_graph.py`).

        What was captured is compared with the step itself, on other tokens. Where they differ, as with dropout, which
        is drawn anew each time, everything stays as it was. So it does for a model that is not small: its operations
        take long, so replaying saves little, and the copies that are compared take much memory.
        """
        parts = windows.split(self.micro_batch_size, dim=1)
        passes = {(part.shape, windows.shape[1], place == 0): part for place, part in enumerate(parts)}
        small = self.stack.device.type == "cpu" and self.stack.flat.shape[1] <= MAX_SMALL_MODEL
        if not small or passes.keys() <= self.captured.keys():
            return
        before, kept, other = self.state(), self.captured, windows.flip(-1)
        graphs: dict[tuple | str, Callable] = {}
        for key, part in passes.items():
            graphs[key] = capture(lambda x, key=key: Trainer.add_part(self, x, *key[1:]), part)
        graphs["update"] = capture(lambda gradient: Trainer.update(self, gradient), self.gradient)
        self.load(before)
        expected = self.step(other), *self.state()
        self.load(before)
        self.captured = kept | graphs
        found = self.step(other), *self.changing
        if not all(torch.equal(*pair) for pair in zip(found, expected, strict=True)):
            self.captured = kept
        self.load(before)

    def add_part(self, windows: Tensor, num_windows: int, first: bool) -> Tensor:
        captured = self.captured.get((windows.shape, num_windows, first))
        return captured(windows) if captured else super().add_part(windows, num_windows, first)

    def update(self, gradient: Tensor) -> None:
        self.captured.get("update", super().update)(gradient)
