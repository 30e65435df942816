"""A process that may take so much memory and no more: refused in a sentence, and alive after it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import psutil
import torch
from core.engine.process import free_bytes, limit_memory, memory_limit
from core.measure.capacity import out_of_memory
assert memory_limit() is None
before = free_bytes()
limit = psutil.Process().memory_info().data + 2**29  # torch itself takes much where it comes with CUDA
limit_memory(limit)
assert memory_limit() == limit and free_bytes() < min(before, 2**30)
try:
    torch.ones(2**28)  # 1 GiB
except Exception as error:
    print(out_of_memory(error), int(torch.ones(2**20).sum()))
"""


@pytest.mark.slow
def test_a_limited_process_is_refused_and_goes_on():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "True 1048576\n", done.stderr
