"""What bounds an execution plan: how much of a device a pass may take. No torch here."""

from core.model.config import GPTConfig
from core.training.config import ExecutionPlan

# on a GPU, the memory of a pass, as estimated: at most an eighth of all that it has, and at most 8 GiB, for larger
# passes were hardly faster. On an H100, at 64 and at 384 channels, 2.5 GB ran at 88 to 94% of the speed of 5 to 10 GB
PASS_SHARE, PASS_BYTES = 8, 2**33

# on a CPU, what is tried at most: see `autotune.py`
MAX_PASS = 256  # windows in a pass; more of them only fill memory
MAX_SMALL_STEP = 2**16  # B x T x C; beyond it one run fills a core
MAX_SMALL_MODEL = 2**20  # weights, likewise; and a step of a larger one is not captured


def window_bytes(gpt_config: GPTConfig) -> int:
    """An upper estimate of what one window leaves behind in float32 for backward: for each token and layer about 34 C
    numbers (two norms, q, k, v, the attention's output, the MLP's 4 C before and after its GELU, and the sums between),
    and 4 V for the logits, their softmax and the gradients of both."""
    per_token = 34 * gpt_config.n_layer * gpt_config.n_embd + 4 * gpt_config.vocab_size
    return 4 * gpt_config.block_size * per_token


def gpu_execution(gpt_config: GPTConfig, batch_size: int, num_seeds: int, gpu_bytes: int) -> ExecutionPlan:
    """On a GPU with `gpu_bytes` of memory in all: as many seeds in a call, and as many windows in a pass, as a pass may
    take."""
    assert gpu_bytes > 0, "a GPU's memory has to be known"
    windows = max(1, min(PASS_BYTES, gpu_bytes // PASS_SHARE) // window_bytes(gpt_config))
    return ExecutionPlan(
        batch_size=batch_size,
        seeds_at_once=even_part(num_seeds, max(1, windows // batch_size)),
        micro_batch_size=even_part(batch_size, windows),
    )


def even_part(whole: int, most: int) -> int:
    """The size of parts as equal as can be, of at most so many.

    >>> even_part(256, 100)
    86
    """
    num_parts = -(-whole // most)
    return -(-whole // num_parts)


def is_small_step(gpt_config: GPTConfig, batch_size: int) -> bool:
    """Whether a step of one run leaves much of a core idle between its operations: then it can pay on a CPU to have
    several seeds on one axis."""
    size = batch_size * gpt_config.block_size * gpt_config.n_embd
    return size <= MAX_SMALL_STEP and gpt_config.num_parameters <= MAX_SMALL_MODEL
