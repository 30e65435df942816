"""A small GPT, plain enough to be read aloud in class.

The names of its parts are those of nanoGPT, so what is learnt here carries over: token and position embeddings,
n_layer blocks of attention and MLP on a residual stream, one last norm, and a head that shares its weights with the
token embedding. It holds no training: that is `core/training`. See `layers.py` for how R models can share one call.

Shapes: R replicas, B batch, T time, C channels, V vocabulary, nh heads, hs = C / nh channels a head.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.model.config import GPTConfig
from core.model.layers import Embedding, LayerNorm, Linear


class CausalSelfAttention(nn.Module):
    """Each position looks back at itself and at those before it, never ahead."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.n_head = config.n_head
        self.dropout = config.dropout
        self.c_attn = Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.c_proj = Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.resid_dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # (B, T, C), and a mask (B, 1, T, T) or none
        q, k, v = self.split_heads(self.c_attn(x))  # each (B, nh, T, hs)
        y = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None, dropout_p=self.dropout if self.training else 0.0
        )  # (B, nh, T, hs)
        y = y.transpose(-3, -2).reshape(x.shape)  # heads side by side again
        return self.resid_dropout(self.c_proj(y))

    def split_heads(self, qkv: Tensor) -> tuple[Tensor, ...]:
        """(B, T, 3 C) to three of (B, nh, T, hs). With replicas of (R*B, nh, T, hs): attention has no weights."""
        parts = qkv.flatten(0, -3).chunk(3, dim=-1)  # each (B, T, C)
        return tuple(part.unflatten(-1, (self.n_head, -1)).transpose(1, 2) for part in parts)


class MLP(nn.Module):
    """Two layers at each position by itself, four times as wide in the middle."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.c_fc = Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
        self.gelu = nn.GELU()
        self.c_proj = Linear(4 * config.n_embd, config.n_embd, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:  # (B, T, C)
        return self.dropout(self.c_proj(self.gelu(self.c_fc(x))))


class Block(nn.Module):
    """Attention, then MLP, each adding to the residual stream."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.ln_1 = LayerNorm(config.n_embd, bias=config.bias)
        self.attn = CausalSelfAttention(config)
        self.ln_2 = LayerNorm(config.n_embd, bias=config.bias)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # (B, T, C)
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


def document_mask(segments: Tensor) -> Tensor:
    """Who may look at whom in rows that several documents share, from each slot's document (B, T): at one's own
    document, never ahead. (B, 1, T, T), True where it may; with replicas (R*B, 1, T, T)."""
    same = segments.unsqueeze(-1) == segments.unsqueeze(-2)  # (B, T, T)
    return same.tril().flatten(0, -3).unsqueeze(1)


class GPT(nn.Module):
    """Token ids (B, T) in, logits (B, T, V) out. With stacked weights (`replicas.py`), (R, B, T) to (R, B, T, V).

    Rows that hold several documents (`core/batches/packing.py`) also give each slot's position in its document, and its
    document, `segments`: (B, T) each. Without them a row is one text, and its positions are 0, ..., T - 1.
    `generator` makes the first weights; without it they come from torch's global one.
    """

    def __init__(self, config: GPTConfig, generator: torch.Generator | None = None):
        super().__init__()
        self.config = config
        self.transformer = nn.ModuleDict(
            {
                "wte": Embedding(config.vocab_size, config.n_embd),
                "wpe": Embedding(config.block_size, config.n_embd),
                "drop": nn.Dropout(config.dropout),
                "h": nn.ModuleList([Block(config) for _ in range(config.n_layer)]),
                "ln_f": LayerNorm(config.n_embd, bias=config.bias),
            }
        )
        self.lm_head = Linear(config.n_embd, config.vocab_size, bias=False)
        self.lm_head.weight = self.transformer.wte.weight  # one table, read at both ends
        self.init_weights(generator)

    def init_weights(self, generator: torch.Generator | None) -> None:
        """GPT-2's: normal, standard deviation 0.02; less for what writes to the residual stream, 2 n_layer times."""
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                residual = name.endswith("c_proj.weight")
                std = 0.02 / math.sqrt(2 * self.config.n_layer) if residual else 0.02
                nn.init.normal_(weight, std=std, generator=generator)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, x: Tensor, positions: Tensor | None = None, segments: Tensor | None = None) -> Tensor:
        num_steps = x.shape[-1]
        if num_steps > self.config.block_size:
            raise ValueError(
                f"The input has {num_steps} tokens, but the model's block size is {self.config.block_size}."
            )
        if positions is None:
            positions = torch.arange(num_steps, device=x.device)
            positions = positions.view(*[1] * (x.ndim - 1), -1)  # (1, T), the same in every row
        mask = None if segments is None else document_mask(segments)  # (B, 1, T, T)
        h = self.transformer.wte(x) + self.transformer.wpe(positions)  # (B, T, C)
        h = self.transformer.drop(h)
        for block in self.transformer.h:
            h = block(h, mask)
        return self.lm_head(self.transformer.ln_f(h))  # (B, T, V)
