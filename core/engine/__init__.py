"""How a race is executed fast. `loop.py` trains all of its runs. The others make their steps faster, and change nothing
but rounding: `autotune.py` finds an execution plan, `plans.py` bounds it, `pool.py` trains stacks side by side,
`trainer.py` and `cpu_graph.py` capture a step on a CPU, `cuda_graph.py` on a GPU, and `onednn.py` is a faster product.

Calls of torch that are private stand here and nowhere else. Torch is loaded when something of it is first asked for.
"""

from importlib import import_module

PLACES = {
    "Block": "loop",
    "Divergence": "loop",
    "Evaluation": "loop",
    "Training": "loop",
    "find_device": "devices",
    "found_devices": "devices",
    "records_of": "records",
    "train": "records",
}

__all__ = list(PLACES)


def __getattr__(name: str):
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
