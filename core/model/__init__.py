"""The small GPT. Read `gpt.py` first; `layers.py` and `replicas.py` let several share one call; `trace.py` takes its shapes."""

from core.model.gpt import GPT, GPTConfig
from core.model.replicas import ReplicaStack
from core.model.write import write

__all__ = ["GPT", "GPTConfig", "ReplicaStack", "write"]
