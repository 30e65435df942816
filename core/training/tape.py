"""A step's forward and backward as a flat list of tensor operations, noted once and made again and again.

A dispatch mode sees every operation that a function asks of torch, those of autograd's backward too. Making the same
list on new data gives the same numbers to the last bit, without the walk through the modules and without autograd's
bookkeeping, which is a good part of the time of a step of a few windows.

Weights are not inputs of the list: they stay where they are in memory, and it reads them there. So what is only a view
of weights is taken once, when the list is made.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

ops = torch.ops.aten
VIEWS = {ops.view.default, ops.transpose.int, ops.unsqueeze.default, ops.expand.default, ops.detach.default}
TABLES = {ops.arange.default, ops.arange.start_step}  # made of numbers alone, the same each time


class Call:
    """One operation, as it was made."""

    def __init__(self, operation, args: tuple, kwargs: dict, result):
        self.operation, self.args, self.kwargs, self.result = operation, args, kwargs, result
        self.takes = [id(tensor) for tensor in tensors_in([args, kwargs])]
        self.gives = [id(tensor) for tensor in tensors_in(result)]
        self.changes_something = operation._schema.is_mutable


class Recorder(TorchDispatchMode):
    """Notes every call while it is entered. It holds on to all tensors, so none has the id of another."""

    def __init__(self):
        super().__init__()
        self.calls: list[Call] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here; to have torch's compiler skip it would load that, in 80 MB

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = operation(*args, **kwargs)
        self.calls.append(Call(operation, args, kwargs, result))
        return result


def tensors_in(value) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))


def tape_of(function: Callable, example: Tensor) -> Callable:
    """`function` of one tensor as the operations that it makes of a tensor of this shape. It may not branch on values;
    what it closes over is read, and written, in place."""
    with Recorder() as recorder:
        result = function(example)
    writer = Writer(example)
    for call in needed(recorder.calls, result):
        writer.take(call)
    return torch.no_grad()(writer.program(result))


def needed(calls: list[Call], result) -> list[Call]:
    """Those that the result comes from, or that change something."""
    wanted, kept = {id(tensor) for tensor in tensors_in(result)}, []
    for call in reversed(calls):
        if call.changes_something or wanted.intersection(call.gives):
            wanted.update(call.takes)
            kept.append(call)
    return kept[::-1]


class Writer:
    """Writes calls as the source of a function of `x`. A tensor that no call gave is taken as it is, by reference."""

    def __init__(self, example: Tensor):
        self.names: dict[int, str] = {id(example): "x"}  # of tensors, by id
        self.fixed: set[int] = set()  # tensors that are there before any call, or views of them
        self.scope: dict[str, object] = {}  # what the source's names mean that are not its own
        self.lines: list[str] = []
        self.last_line: dict[str, int] = {}  # where a name is read last

    def take(self, call: Call) -> None:
        for tensor in tensors_in([call.args, call.kwargs]):
            if id(tensor) not in self.names:
                self.keep(tensor)
        if call.operation in VIEWS | TABLES and self.fixed.issuperset(call.takes):
            self.keep(call.result)  # a view of what is fixed, or a table: the one that was made will do
        elif call.operation is ops.detach.default:  # nothing is tracked any more
            self.names[call.gives[0]] = self.names[call.takes[0]]
        else:
            function = self.constant(call.operation._op)  # the operation itself, not its Python wrapper
            arguments = [self.write(value) for value in call.args]
            arguments += [f"{name}={self.write(value)}" for name, value in call.kwargs.items()]
            results = call.result if isinstance(call.result, list | tuple) else [call.result]
            targets = []
            for number, part in enumerate(results):
                name = f"v{len(self.lines)}_{number}"
                if isinstance(part, Tensor):
                    self.names[id(part)] = name
                    self.last_line[name] = len(self.lines)
                targets.append(name)
            many = isinstance(call.result, list | tuple)
            self.lines.append(f"{', '.join(targets)}{',' * many} = {function}({', '.join(arguments)})")

    def keep(self, tensor: Tensor) -> None:
        self.names[id(tensor)] = self.constant(tensor.detach())
        self.fixed.add(id(tensor))

    def constant(self, value) -> str:
        name = f"fixed{len(self.scope)}"
        self.scope[name] = value
        return name

    def write(self, value) -> str:
        """An argument as source."""
        if isinstance(value, Tensor):
            name = self.names[id(value)]
            self.last_line[name] = len(self.lines)
            return name
        if isinstance(value, list | tuple):
            return "[" + ", ".join(map(self.write, value)) + "]"
        return repr(value) if value is None or isinstance(value, bool | int | str) else self.constant(value)

    def program(self, result) -> Callable:
        returned = self.write(result)
        for name, place in self.last_line.items():
            if name.startswith("v") and place < len(self.lines):
                self.lines[place] += f"; {name} = None"  # its memory is free for what comes
        exec("def program(x):\n    " + "\n    ".join([*self.lines, f"return {returned}"]), self.scope)
        return self.scope.pop("program")  # a scope that held its own function would wait for the cyclic collector
