"""What a forward pass keeps in memory until backward needs it, counted to the byte.

Autograd tells of every tensor that it keeps (`torch.autograd.graph.saved_tensors_hooks`). Several of them may be views
of one piece of memory, which counts once; weights are not counted, for they are there anyway.
"""

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from core.model import ReplicaStack
from core.training import Trainer, losses_of


def activation_bytes(stack: ReplicaStack, windows: Tensor) -> int:
    """Bytes kept for backward after a forward pass over the windows (R, B, T + 1): activations, and the token ids."""
    kept: dict[int, int] = {}  # bytes by place, which is held by the graph for as long as the losses are there

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # the tensor itself would hold its graph, and the graph it: neither would ever be freed

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        losses = losses_of(stack, windows)
    del losses
    kept.pop(stack.flat.untyped_storage().data_ptr(), None)
    return sum(kept.values())


def state_bytes(trainer: Trainer) -> dict[str, int]:
    """Bytes that a training run holds whatever its batch size: {"weights", "gradients", "optimizer"}."""
    weights, *remembered = trainer.changing
    return {
        "weights": weights.nbytes,
        "gradients": trainer.gradient.nbytes,
        "optimizer": sum(tensor.nbytes for tensor in remembered),
    }
