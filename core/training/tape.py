"""A step's forward and backward as a flat list of tensor operations, noted once and run again and again.

`make_fx` runs a function on real tensors and notes each operation, those of autograd's backward too. Running the list
makes the same operations on new data: the same numbers to the last bit, without the walk through the modules and
without autograd's bookkeeping, which is a good part of the time of a step of a few windows. Noting takes some tenths
of a second, so it is for runs of many steps.

Weights are not inputs of the list: they stay where they are in memory, and it reads them there. So what is only a view
of weights is taken once, when the list is made.
"""

from collections.abc import Callable
from operator import attrgetter

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

ops = torch.ops.aten
VIEWS = {ops.view.default, ops.transpose.int, ops.unsqueeze.default, ops.expand.default, ops.detach.default}


def tape_of(function: Callable, example: Tensor) -> Callable:
    """`function` of one tensor as the operations that it makes of a tensor of this shape. It may not branch on values;
    what it closes over is read, and written, in place."""
    module = make_fx(lambda x: function(x))(example)
    module.graph.eliminate_dead_code()
    known: dict[fx.Node, object] = {}  # values that depend on no input
    names: dict[fx.Node, str] = {}
    scope: dict[str, object] = {}  # what the program's names mean that are not its own
    lines, last_use = [], {}

    def write(value) -> str:
        """An argument as source."""
        if isinstance(value, list | tuple):
            return "[" + ", ".join(map(write, value)) + "]"
        if isinstance(value, fx.Node):
            if value not in names:
                names[value] = f"known_{len(scope)}"
                scope[names[value]] = known[value]
            last_use[names[value]] = len(lines)
            return names[value]
        if value is None or isinstance(value, bool | int | str):
            return repr(value)
        name = f"value_{len(scope)}"
        scope[name] = value
        return name

    for node in module.graph.nodes:
        if node.op == "placeholder":
            names[node] = "x"
        elif node.op == "get_attr":
            known[node] = attrgetter(node.target)(module).detach()
        elif node.op == "output":
            lines.append(f"return {write(node.args[0])}")
        elif can_be_taken_now(node, known):
            known[node] = node.target(*fx.map_arg(node.args, known.get), **fx.map_arg(node.kwargs, known.get))
        elif node.target is ops.detach.default:  # nothing is tracked any more
            names[node] = names[node.args[0]]
        else:
            call = f"call_{len(scope)}"
            scope[call] = getattr(node.target, "_op", node.target)  # the operation itself, not its Python wrapper
            arguments = [write(value) for value in node.args]
            arguments += [f"{name}={write(value)}" for name, value in node.kwargs.items()]
            names[node] = f"v{len(lines)}"
            lines.append(f"{names[node]} = {call}({', '.join(arguments)})")
    for name, place in last_use.items():
        if name.startswith("v") and name not in scope and place < len(lines) - 1:
            lines[place] += f"; {name} = None"  # its memory is free for what comes
    exec("def program(x):\n    " + "\n    ".join(lines), scope)
    return torch.no_grad()(scope["program"])


def can_be_taken_now(node: fx.Node, known: dict[fx.Node, object]) -> bool:
    """Whether a value can be had when the list is made: a table that is made of nothing, or a view of weights."""
    sources = node.all_input_nodes
    if not all(source in known for source in sources):
        return False
    return node.target in VIEWS or not any(holds_weights(source) for source in sources)


def holds_weights(node: fx.Node) -> bool:
    return node.op == "get_attr" or (node.target in VIEWS and any(map(holds_weights, node.all_input_nodes)))
