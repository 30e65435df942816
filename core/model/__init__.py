"""The small GPT. Read `gpt.py` first; `layers.py` and `replicas.py` let several share one call; `trace.py` takes the
shapes of a forward pass.

Torch is loaded when a model is first asked for; its size, GPTConfig, needs none.
"""

from importlib import import_module

from core.model.config import GPTConfig

__all__ = ["GPT", "GPTConfig", "ReplicaStack", "trace_shapes", "write"]

PLACES = {"GPT": "gpt", "ReplicaStack": "replicas", "trace_shapes": "trace", "write": "writing"}


def __getattr__(name: str):
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
