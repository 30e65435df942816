"""Text that a model writes: one token drawn from its prediction, put behind the others, and so on."""

import torch
from torch import Tensor

from core.model.gpt import GPT


@torch.no_grad()
def write(model: GPT, prompt: Tensor, num_tokens: int, generator: torch.Generator) -> Tensor:
    """`num_tokens` tokens (num_tokens,) drawn one by one after the prompt (T0,), at temperature 1.

    `generator` is one of the CPU, whatever device the model is on.
    """
    model.eval()
    ids = prompt[None]  # (1, T0)
    for _ in range(num_tokens):
        logits = model(ids[:, -model.config.block_size :])[0, -1]  # (V,)
        chances = logits.float().softmax(dim=-1).cpu()
        if not chances.isfinite().all():  # the model has diverged: it has nothing more to say
            break
        ids = torch.cat([ids, torch.multinomial(chances, 1, generator=generator)[None].to(ids.device)], dim=1)
    model.train()
    return ids[0, len(prompt) :]
