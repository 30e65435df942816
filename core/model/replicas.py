"""R models of one shape, held as one: every weight gets a replica axis in front, (R, ...).

All weights live in one flat table `flat` (R, P), a row a replica, and the parameters of `model` are views of it. So
what an optimizer does to a model's weights, one after the other, it does here in one call to all of them.
"""

from itertools import accumulate

import torch
from torch import Tensor, nn

from core.model.gpt import GPT


class ReplicaStack:
    """R GPTs of one shape as one: `model` takes token ids (R, B, T) and gives logits (R, B, T, V).

    With one model, nothing is stacked: `model` is a plain GPT that takes (B, T), and `flat` is (1, P).
    Matrices and tables come first in `flat`; biases and norms are behind column `num_matrix_weights`.
    """

    def __init__(self, models: list[GPT]):
        self.config = models[0].config
        self.num_replicas = len(models)
        self.device = next(models[0].parameters()).device
        shapes = {name: p.shape for name, p in models[0].named_parameters()}
        self.shapes = dict(
            sorted(shapes.items(), key=lambda item: len(item[1]) < 2)
        )  # sorted keeps the order otherwise
        self.num_matrix_weights = sum(s.numel() for s in shapes.values() if len(s) >= 2)
        ends = list(accumulate(s.numel() for s in self.shapes.values()))
        self.columns = {  # of `flat`, by the name of the weight
            name: slice(end - s.numel(), end) for (name, s), end in zip(self.shapes.items(), ends, strict=True)
        }
        weights = [dict(model.named_parameters()) for model in models]
        self.flat = torch.stack([torch.cat([w[name].detach().flatten() for name in self.shapes]) for w in weights])
        self.model = self.view(slice(None) if self.num_replicas > 1 else 0)
        self.parameters = [self.model.get_parameter(name) for name in self.shapes]

    def view(self, replicas: slice | int) -> GPT:
        """A GPT on these replicas' weights, shared with the stack: replica r alone for an int, stacked for a slice."""
        with torch.device("meta"):
            model = GPT(self.config)
        for name, shape in self.shapes.items():
            weight = self.flat[replicas, self.columns[name]].unflatten(-1, shape)
            owner, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(owner), attribute, nn.Parameter(weight))
        model.lm_head.weight = model.transformer.wte.weight
        return model

    def flat_gradient(self, losses: Tensor) -> Tensor:
        """The gradient of each replica's loss (R,) for its own weights, laid out as `flat`: (R, P)."""
        gradients = torch.autograd.grad(losses.sum(), self.parameters)  # no weight is shared, so the sum mixes nothing
        return torch.cat([g.reshape(self.num_replicas, -1) for g in gradients], dim=1)
