"""A whole step on a CUDA device, captured once and replayed: gathering the batch, forward, backward, clipping, AdamW.

A small model's step is hundreds of tiny kernels, and launching them one by one from Python takes longer than running
them. A captured graph launches all of them at once. It works on fixed places in memory: where the step's windows begin
is copied in, the losses are copied out, and nothing is read back in between.

The library of matrix products keeps a workspace for every stream that it was called on. A graph must have its own, in
its own memory: one that was there before could be given back while the graph still writes there. So they are let go
right before a capture, which makes new ones, and right after it.

Shapes: R replicas, B batch, T time, N tokens of text.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from core.training.trainer import Trainer


class StepGraph:
    """One step of a trainer as a graph: called with where its windows begin (R, B), it gives the losses (R,). If the
    capture fails, the CUDA context may be of no more use to the process."""

    def __init__(self, trainer: Trainer, windows: Tensor, starts: Tensor, pool=None):
        """`windows` (N - T, T + 1) are all windows of the text, on the device; `starts` (R, B) an example. Graphs that
        share a `pool` share the memory of a step, so they may not run at the same time. The trainer stays as it is."""
        self.starts = starts.clone()
        self.read = trainer, windows  # kept, for the graph works on their memory
        before = trainer.state()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            trainer.step(windows[self.starts])  # libraries are loaded and set up outside of a capture
        torch.cuda.current_stream().wait_stream(aside)
        trainer.load(before)
        self.graph = torch.cuda.CUDAGraph()
        torch._C._cuda_clearCublasWorkspaces()
        try:  # "thread_local": another thread may ask the device how much memory is free
            with torch.cuda.graph(self.graph, pool=pool, capture_error_mode="thread_local"):
                self.losses = trainer.step(windows[self.starts])
        finally:
            torch._C._cuda_clearCublasWorkspaces()

    def __call__(self, starts: Tensor) -> Tensor:
        self.starts.copy_(starts)
        self.graph.replay()
        return self.losses.clone()


def captured_step(trainer: Trainer, windows: Tensor, starts: Tensor, pool=None) -> Callable[[Tensor], Tensor]:
    """A trainer's step as a function of where its windows begin, (R, B) to losses (R,): a captured graph on a CUDA
    device, call by call elsewhere. `windows` and `starts` as in `StepGraph`."""
    if windows.device.type == "cuda":
        return StepGraph(trainer, windows, starts, pool)
    return lambda now: trainer.step(windows[now])
