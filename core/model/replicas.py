"""R models of one shape, held as one: every weight gets a replica axis in front, (R, ...).

All weights live in one flat table `flat` (R, P), a row a replica, and the parameters of `model` are views of it. So
what an optimizer does to a model's weights, one after the other, it does here in one call to all of them.
"""

import copy
from collections.abc import Callable
from itertools import accumulate

import torch
from torch import Tensor, nn

from core.model.gpt import GPT
from core.model.layers import Linear


class ReplicaStack:
    """R GPTs of one shape as one: `model` takes token ids (R, B, T) and gives logits (R, B, T, V).

    With one model, nothing is stacked: `model` is a plain GPT that takes (B, T), and `flat` is (1, P).
    Matrices and tables come first in `flat`; biases and norms are behind column `num_matrix_weights`. A Linear's matrix
    stands there as (in, out): so its gradient, x^T dy, comes out of one product and needs no transposing.
    """

    def __init__(self, models: list[GPT], product: Callable | None = None):
        """`product` makes the products of the Linear layers of one model alone, in place of `F.linear`."""
        self.config = models[0].config
        self.num_replicas = len(models)
        self.device = next(models[0].parameters()).device
        shapes = {name: p.shape for name, p in models[0].named_parameters()}
        self.shapes = dict(
            sorted(shapes.items(), key=lambda item: len(item[1]) < 2)
        )  # sorted keeps the order otherwise
        self.transposed = {  # the names of the matrices of Linear layers; the head's is the token table
            f"{name}.weight" for name, layer in models[0].named_modules() if isinstance(layer, Linear)
        } & shapes.keys()
        self.num_matrix_weights = sum(s.numel() for s in shapes.values() if len(s) >= 2)
        ends = list(accumulate(s.numel() for s in self.shapes.values()))
        self.columns = {  # of `flat`, by the name of the weight
            name: slice(end - s.numel(), end) for (name, s), end in zip(self.shapes.items(), ends, strict=True)
        }
        self.flat = torch.stack([self.flatten(dict(model.named_parameters())) for model in models])
        self.template = models[0]  # whose modules a view copies; not its weights
        self.model = self.template = self.view(slice(None) if self.num_replicas > 1 else 0)
        if product and self.num_replicas == 1:
            for layer in self.model.modules():
                if isinstance(layer, Linear):
                    layer.product = product
        self.parameters = [self.model.get_parameter(name) for name in self.shapes]

    def transpose(self, name: str, weight: Tensor) -> Tensor:
        """A weight as it stands in `flat`, from what its layer has; or back."""
        return weight.mT if name in self.transposed else weight

    def flatten(self, weights: dict[str, Tensor]) -> Tensor:
        """The weights of one model, by name, as a row of `flat`: (P,)."""
        return torch.cat([self.transpose(name, weights[name].detach()).flatten() for name in self.shapes])

    def index_in_layer(self, name: str, column: int) -> int:
        """Where a weight of that column stands in its layer's own tensor, counted row by row."""
        place, shape = column - self.columns[name].start, self.shapes[name]
        return place if name not in self.transposed else place % shape[0] * shape[1] + place // shape[0]

    def view(self, replicas: slice | int) -> GPT:
        """A GPT on these replicas' weights, shared with the stack: replica r alone for an int, stacked for a slice."""
        model = copy.deepcopy(self.template, {id(weight): weight for weight in self.template.parameters()})
        for name, shape in self.shapes.items():
            owner, _, attribute = name.rpartition(".")
            layer = model.get_submodule(owner)
            if len(shape) == 1 and isinstance(replicas, slice):  # one number a channel, for every row or token
                shape = (1, *shape) if isinstance(layer, Linear) else (1, 1, *shape)
            stored = shape[::-1] if name in self.transposed else shape
            weight = self.transpose(name, self.flat[replicas, self.columns[name]].unflatten(-1, stored))
            setattr(layer, attribute, nn.Parameter(weight))
        model.lm_head.weight = model.transformer.wte.weight
        return model

    def flat_gradient(self, losses: Tensor, out: Tensor | None = None) -> Tensor:
        """The gradient of each replica's loss (R,) for its own weights, laid out as `flat`: (R, P); written to `out` if
        that is given."""
        gradients = torch.autograd.grad(losses.sum(), self.parameters)  # no weight is shared, so the sum mixes nothing
        rows = [
            self.transpose(*part).reshape(self.num_replicas, -1) for part in zip(self.shapes, gradients, strict=True)
        ]
        return torch.cat(rows, dim=1, out=out)
