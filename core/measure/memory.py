"""How much memory a race will take, before it starts.

Weights, gradients, Adam's two moments, and one more gradient while it is clipped and laid out: 5 numbers a weight and
a run. Activations, that backward needs, grow with the tokens of one step: per token and layer about 34 C numbers
(two norms, q, k, v, the attention's output, the MLP's 4 C before and after its GELU, and the sums between), and 4 V
for the logits, their softmax and the gradients of both. It is an upper estimate for a race's peak, not a measurement.
"""

from core.model.config import GPTConfig
from core.training.config import TrainConfig

BYTES_PER_NUMBER = 4  # float32
NUMBERS_PER_WEIGHT = 5


def race_bytes(gpt_config: GPTConfig, config: TrainConfig) -> int:
    """An upper estimate of what a race's models, optimizers and largest step hold at once, in bytes."""
    weights = gpt_config.num_parameters * config.num_seeds * len(config.batch_sizes) * NUMBERS_PER_WEIGHT
    tokens = max(config.batch_sizes) * gpt_config.block_size * config.num_seeds
    per_token = gpt_config.n_layer * 34 * gpt_config.n_embd + 4 * gpt_config.vocab_size
    return BYTES_PER_NUMBER * (weights + tokens * per_token)
