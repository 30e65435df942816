"""What a step takes: time, and memory that is kept for the way back."""

import time

import numpy as np
import torch
from torch import Tensor

from core.batches.windows import all_windows
from core.export.plain.race import loss_of, new_optimizer, train_step
from core.model.config import GPTConfig
from core.model.gpt import GPT


def step_seconds(gpt_config: GPTConfig, plan: dict, run: dict, train_ids: np.ndarray, device: str) -> float:
    """The median time of eight steps of one run, after two that warm up."""
    model = GPT(gpt_config).to(device)
    optimizer = new_optimizer(model, plan, run)
    places = torch.arange(run["batch_size"], device=device) % (len(train_ids) - gpt_config.block_size)
    windows = all_windows(torch.from_numpy(train_ids).to(device), gpt_config.block_size)[places]
    taken = []
    for _ in range(10):
        began = time.perf_counter()
        train_step(model, optimizer, windows, plan)  # reads the loss, so it waits for the device
        taken.append(time.perf_counter() - began)
    return float(np.median(taken[2:]))


def kept_bytes(model: GPT, windows: Tensor) -> int:
    """Bytes that a forward pass keeps for backward: each piece of memory once, the weights not counted."""
    kept, weights = {}, {p.untyped_storage().data_ptr() for p in model.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # the tensor itself would hold its graph, and the graph it: neither would ever be freed

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = loss_of(model, windows)
    del loss
    return sum(num_bytes for place, num_bytes in kept.items() if place not in weights)
