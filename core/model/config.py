"""The size of a GPT, and how many weights that makes. No torch here, so that a page can hold one."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GPTConfig:
    """The size of a GPT. Raises ValueError, with a sentence, for sizes that do not fit together."""

    vocab_size: int
    block_size: int = 32  # T, the longest input in tokens
    n_layer: int = 2
    n_head: int = 4
    n_embd: int = 64  # C, channels of the residual stream
    dropout: float = 0.0  # probability
    bias: bool = True  # in Linear and LayerNorm

    def __post_init__(self):
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_embd"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        if self.n_embd % self.n_head:
            raise ValueError(
                f"{self.n_embd} channels cannot be shared equally by {self.n_head} heads: "
                "choose a number of channels that the number of heads divides."
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"Dropout is {self.dropout}; it must be at least 0 and below 1.")

    @property
    def num_parameters(self) -> int:
        """Weights in the model, the shared head counted once."""
        c, b = self.n_embd, int(self.bias)
        norm = c + b * c
        attention = 4 * c * c + b * 4 * c
        mlp = 8 * c * c + b * 5 * c
        return (self.vocab_size + self.block_size) * c + self.n_layer * (2 * norm + attention + mlp) + norm
