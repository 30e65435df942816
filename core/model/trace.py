"""The shape of every tensor on its way through a GPT, taken from a real forward pass.

A hook on every module says where we are, and a function mode sees each operation that makes a tensor there. Nothing
is known beforehand: which sizes are B or T is found by running with one more of each and seeing what moves.
"""

from dataclasses import dataclass, replace

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from core.model.config import GPTConfig
from core.model.gpt import GPT

QUIET = {"__get__", "__set__", "size", "dim", "expand_as", "named_parameters"}  # these make no tensor worth a row


@dataclass(frozen=True)
class TracedTensor:
    """One tensor of a forward pass."""

    module: str  # the path of the module that made it, as in nanoGPT; "" is the model itself
    operation: str  # the torch function
    shape: tuple[int, ...]
    dtype: str
    num_bytes: int
    is_view: bool  # no memory of its own: another look at a tensor that is there already


class ShapeTracer(TorchFunctionMode):
    """Notes every tensor that torch functions return while it is entered."""

    def __init__(self, model: GPT):
        super().__init__()
        self.rows: list[TracedTensor] = []
        self.path = [""]
        for name, module in model.named_modules():
            module.register_forward_pre_hook(lambda *_, name=name: self.path.append(name))
            module.register_forward_hook(self.leave)

    def leave(self, module, inputs, output) -> None:
        self.path.pop()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name not in QUIET:
            self.note(name, result, args)
        return result

    def note(self, operation: str, result, inputs: tuple) -> None:
        inputs = [t for t in inputs if isinstance(t, torch.Tensor)]
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if not isinstance(tensor, torch.Tensor):
                continue
            if any(tensor is t for t in inputs):
                continue  # nothing happened, as in a dropout of 0; shapes alone can be equal by chance
            dtype = str(tensor.dtype).removeprefix("torch.")
            memory = tensor.untyped_storage().data_ptr()
            is_view = any(t.untyped_storage().data_ptr() == memory for t in inputs)
            self.rows.append(TracedTensor(self.path[-1], operation, tuple(tensor.shape), dtype, tensor.nbytes, is_view))


def trace_forward(config: GPTConfig, batch_size: int, num_steps: int) -> tuple[list[TracedTensor], GPT]:
    """Every tensor of one forward pass and its loss, from x (B, T) on, in the order in which they come to be."""
    model = GPT(config, torch.Generator().manual_seed(0))
    x = y = torch.zeros(batch_size, num_steps, dtype=torch.int64)
    with torch.no_grad(), ShapeTracer(model) as tracer:
        tracer.note("the input, x", x, ())
        logits = model(x)
        F.cross_entropy(logits.flatten(0, 1), y.flatten())
    return tracer.rows, model


def trace_shapes(config: GPTConfig, batch_size: int, num_steps: int) -> list[dict]:
    """The rows of a forward pass at (B, T), each with the source of its sizes.

    A row is {"module", "operation", "shape", "dims", "dtype", "num_bytes", "is_view", "num_parameters", "repeats"}.
    `dims` names each size as measured: "B" or "T" if it grew by one where that one grew by one, "B*T" if it followed
    both, "" if neither moved it. Of n_layer equal blocks the first is given, with `repeats` = n_layer.
    """
    rows, model = trace_forward(config, batch_size, num_steps)
    more_b, _ = trace_forward(config, batch_size + 1, num_steps)
    longer = replace(config, block_size=num_steps + 1)
    more_t, _ = trace_forward(longer, batch_size, num_steps + 1)
    result = []
    seen_modules = set()
    for row, with_b, with_t in zip(rows, more_b, more_t, strict=True):
        in_block = row.module.startswith("transformer.h.")
        if in_block and not row.module.startswith("transformer.h.0"):
            continue
        dims = [
            "*".join(name for name, other in (("B", b), ("T", t)) if other != size)
            for size, b, t in zip(row.shape, with_b.shape, with_t.shape, strict=True)
        ]
        own = model.get_submodule(row.module)._parameters.values() if row.module not in seen_modules else ()
        seen_modules.add(row.module)
        result.append(
            {
                "module": row.module,
                "operation": row.operation,
                "shape": list(row.shape),
                "dims": dims,
                "dtype": row.dtype,
                "num_bytes": row.num_bytes,
                "is_view": row.is_view,
                "num_parameters": sum(p.numel() for p in own if p is not None),
                "repeats": config.n_layer if in_block else 1,
            }
        )
    return result
