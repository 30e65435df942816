"""A device that this machine does not have, played by its processor: torch takes its tensors to be on "away".

What a GPU refuses is refused here: an operation on tensors of two devices, NumPy on a tensor of the device, and, as by
Apple's, float64. So code that would fail on a GPU fails in a test that needs none. What this cannot show is a GPU's own
kernels, its speed, and a recorded graph.

torch calls backends in Python experimental: a new version of torch may break this file.
"""

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "away"
ops = torch.ops.aten
CROSSING = {ops._to_copy.default, ops.copy_.default}  # from one device to another
TAKES_PLACES = {ops.index.Tensor, ops.index_put_.default}  # which may be the processor's, also on a GPU
reads = 0  # how often the processor has waited for a value


class AwayTensor(Tensor):
    """`here` is the tensor that it stands for."""

    @staticmethod
    def __new__(cls, here: Tensor):
        return Tensor._make_wrapper_subclass(
            cls, here.shape, here.stride(), here.storage_offset(), dtype=here.dtype, device=f"{NAME}:0"
        )

    def __init__(self, here: Tensor):
        if here.dtype == torch.float64:
            raise TypeError("float64 is not to be had on every GPU")
        self.here = here

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return run(operation, args, kwargs or {})

    def __repr__(self, **_):
        return f"{NAME}: {self.here}"

    def untyped_storage(self):
        return self.here.untyped_storage()

    def tolist(self):
        return self.cpu().tolist()


def run(operation, args, kwargs):
    """An operation on tensors that are away, by the processor."""
    global reads
    given = [tensor for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, Tensor)]
    away = {id(tensor.here): tensor for tensor in given if isinstance(tensor, AwayTensor)}
    if operation not in CROSSING | TAKES_PLACES and any(t.ndim and not isinstance(t, AwayTensor) for t in given):
        raise RuntimeError(f"{operation} on tensors of two devices")

    def here(value):
        if isinstance(value, AwayTensor):
            return value.here
        return torch.device("cpu") if isinstance(value, torch.device) else value

    result = operation(*tree_map(here, args), **tree_map(here, kwargs))
    leaves = operation is ops.copy_.default and not isinstance(args[0], AwayTensor)
    leaves |= operation is ops._to_copy.default and kwargs.get("device", torch.device(NAME)).type != NAME
    if leaves or operation is ops._local_scalar_dense.default:
        reads += 1
        return result

    def there(value):
        if not isinstance(value, Tensor):
            return value
        return away[id(value)] if id(value) in away else AwayTensor(value)

    return tree_map(there, result)


def empty(size, dtype=None, layout=None, device=None, pin_memory=None, memory_format=None):
    return AwayTensor(torch.empty(size, dtype=dtype))


def empty_strided(size, stride, dtype=None, layout=None, device=None, pin_memory=None):
    return AwayTensor(torch.empty_strided(size, stride, dtype=dtype))


def copy_(self, source, non_blocking=False):
    return run(ops.copy_.default, (self, source), {})


class Module:
    """What torch asks of torch.away."""

    is_available = is_initialized = lambda self: True
    current_device, device_count = lambda self: 0, lambda self: 1
    _is_in_bad_fork = lambda self: False  # noqa: E731
    manual_seed_all = lambda self, seed: None  # noqa: E731
    get_amp_supported_dtype = lambda self: [torch.bfloat16]  # noqa: E731


_setup_privateuseone_for_python_backend(NAME, Module())
library = torch.library.Library("aten", "IMPL")
library.impl("empty.memory_format", empty, "PrivateUse1")
library.impl("empty_strided", empty_strided, "PrivateUse1")
library.impl("copy_", copy_, "PrivateUse1")
