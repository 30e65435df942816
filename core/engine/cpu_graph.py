"""A function of tensors as a flat list of operations, noted once and made again and again, without Python.

A dispatch mode sees every operation that the function asks of torch, those of autograd's backward too. They are kept as
a graph of TorchScript, whose interpreter makes them: the same numbers to the last bit, without the walk through the
modules, without autograd's bookkeeping, which is a good part of the time of a step of a few windows, and without
Python's lock, so that the lists of several threads do not wait for each other.

Tensors that the function closes over are not inputs of the list: they stay where they are in memory, and it reads and
writes them there. So what is only a view of such a tensor is taken once, when the list is made.

The builder of graphs is torch's own, and not public: where a torch has it no more, all is made call by call.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary

ops = torch.ops.aten
TABLES = {ops.arange.default, ops.arange.start_step}  # made of numbers alone, the same each time
BUILDER = "Graph", "_create_function_from_graph", "_jit_pass_dce", "_set_graph_executor_optimize"


def capture(function: Callable, *examples: Tensor) -> Callable:
    """`function` of tensors as the operations that it makes of some of these shapes. It may not branch on values; it
    gives a tensor, a tuple of them, or None. What it closes over is read, and written, in place. Where a list cannot be
    made, it is the function itself."""
    if not all(hasattr(torch._C, name) for name in BUILDER):
        return function
    with GraphRecorder(*examples) as recorder:
        result = function(*examples)
    program, fixed = recorder.program(result)
    return torch.inference_mode()(lambda *tensors: program(*tensors, *fixed))


def tensors_in(value) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))


class GraphRecorder(TorchDispatchMode):
    """Notes every call while it is entered. It holds on to no tensor that a call gave: recording takes the memory that
    the function takes."""

    def __init__(self, *examples: Tensor):
        super().__init__()
        self.graph = torch._C.Graph()
        self.values = WeakIdKeyDictionary()  # of tensors: what stands for them in the graph
        self.fixed: dict[int, Tensor] = {}  # by id: tensors that are there before any call, or views of them
        self.given: list = []  # for the graph's inputs behind the examples: the fixed tensors, types and formats
        for example in examples:
            self.values[example] = self.input(torch._C.TensorType.get())

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here; to have torch's compiler skip it would load that, in 80 MB

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        taken = list(tensors_in([args, kwargs]))
        for tensor in taken:
            if tensor not in self.values:
                self.keep(tensor)
        result = operation(*args, **kwargs)
        if (operation.is_view or operation in TABLES) and all(id(tensor) in self.fixed for tensor in taken):
            for tensor in tensors_in(result):  # a view of what is fixed, or a table: the one that was made will do
                self.keep(tensor)
        elif operation is ops.detach.default:  # nothing is tracked any more
            self.values[result] = self.values[args[0]]
        else:
            self.add(operation._schema, args, kwargs, result)
        return result

    def keep(self, tensor: Tensor) -> None:
        self.fixed[id(tensor)] = tensor
        self.given.append(tensor.detach())
        self.values[tensor] = self.input(torch._C.TensorType.get())

    def input(self, kind):
        value = self.graph.addInput()
        value.setType(kind)
        return value

    def add(self, schema, args: tuple, kwargs: dict, result) -> None:
        """One operation, as it was made."""
        taken = []
        for place, argument in enumerate(schema.arguments):
            named = argument.kwarg_only or place >= len(args)
            value = kwargs.get(argument.name, argument.default_value) if named else args[place]
            taken.append(self.write(value, argument.type))
        gives = list(self.node(schema.name, taken, len(schema.returns)).outputs())
        for value, returned in zip(gives, schema.returns, strict=True):
            value.setType(returned.type)
        if isinstance(result, list):  # one value, which is a list
            gives = list(self.node("prim::ListUnpack", gives, len(result)).outputs())
        for value, tensor in zip(gives, result if isinstance(result, list | tuple) else [result], strict=False):
            if isinstance(tensor, Tensor):
                value.setType(torch._C.TensorType.get())
                self.values[tensor] = value

    def node(self, kind: str, taken: list, num_given: int):
        return self.graph.insertNode(self.graph.create(kind, taken, num_given))

    def write(self, value, kind):
        """An argument of that type, as what stands for it in the graph."""
        if isinstance(value, Tensor):
            return self.values[value]
        if isinstance(value, list | tuple):
            each = kind.getElementType() if isinstance(kind, torch._C.OptionalType) else kind
            parts = [self.write(part, each.getElementType()) for part in value]
            written = self.node("prim::ListConstruct", parts, 1).output()
            written.setType(each)
            return written
        if isinstance(value, torch.dtype | torch.layout | torch.memory_format):  # numbers, in TorchScript
            self.given.append(value)
            return self.input(torch._C.IntType.get())
        return self.graph.insertConstant(float(value) if isinstance(kind, torch._C.FloatType) else value)

    def program(self, result) -> tuple[Callable, list]:
        """The list as a function of the examples and of what is given behind them."""
        if isinstance(result, tuple):
            tensor = torch._C.TensorType.get()
            returned = self.node("prim::TupleConstruct", [self.values[part] for part in result], 1).output()
            returned.setType(torch._C.TupleType([tensor] * len(result)))
        else:
            returned = self.write(result, None)
        self.graph.registerOutput(returned)
        torch._C._jit_pass_dce(self.graph)  # takes out what nothing comes from and changes nothing
        torch._C._set_graph_executor_optimize(False)  # for all of the process: as it stands, or results would differ
        return torch._C._create_function_from_graph("captured", self.graph), self.given
