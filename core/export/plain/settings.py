"""What an exported script has at its top, under the names that the rest of it reads.

Here they are empty; the values are those of a race, and `core/export/sources.py` writes them.
"""

from core.model.config import GPTConfig

TOKENIZER: str = "char"
VAL_FRACTION: float = 0.0
PLAN: dict = {}  # what all runs have in common
RUNS: list[dict] = []  # one for each batch size
SEEDS: list[int] = []
RAMP: list[str] = []  # colours of batch sizes
TEXT: str | None = None  # None where it stands in a file of its own
TEXT_SHA256: str = ""
TOKENS: list[str] | None = None  # how each is shown, where it is not a character
IDS: str | None = None  # packed, where BPE has learnt the tokens
GPT_CONFIG: GPTConfig = GPTConfig(vocab_size=1, block_size=1)
