"""A race as one Python file, of the kind that people know from nanoGPT."""

from core.experiments.race.spec import RaceSpec
from core.export.sources import IDEAS, race_source, source_of

HEAD = '''"""A race between batch sizes: small GPTs that read the same examples, taken away from Batchscope.

Run it with torch, pandas and altair: `python {name}`; a GPU is used where there is one. It writes every loss to a CSV
file and draws the race as a web page. Its source: {version}.

{ideas}
"""

import argparse
import base64
import hashlib
import math
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import Embedding, LayerNorm, Linear
from torch.nn import functional as F
'''


def export_script(spec: RaceSpec, name: str = "race.py") -> str:
    """The race as the source of a Python file. Raises ValueError as `race_source`."""
    from core.export.plain import script  # here, because of torch, as in `race_source`

    found = race_source(spec)
    parts = {
        "What was set": found.settings,
        "The text": found.text,
        "The text as token ids": found.encode,
        "The batches: which windows a step reads": found.batches,
        "The model": f"{found.model}\n\n\n{found.gpt_config}",
        "The training of a run": f"{found.step}\n\n\n{found.run}",
        "The race": source_of(script),
    }
    head = HEAD.format(name=name, version=found.version, ideas=IDEAS)
    return head + "".join(f"\n\n# ---- {title}\n\n\n{part}\n" for title, part in parts.items())
