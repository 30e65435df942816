"""The size of a GPT: what it counts, what it refuses, and that it needs no torch."""

import subprocess
import sys

import pytest

from core.model import GPTConfig


def test_num_parameters_by_hand_with_bias():
    # tables 10x4 + 8x4; a block: norms 2x(4+4), c_attn 4x12+12, c_proj 4x4+4, c_fc 4x16+16, c_proj 16x4+4; last norm 8
    config = GPTConfig(vocab_size=10, block_size=8, n_layer=3, n_head=2, n_embd=4)
    assert config.num_parameters == 40 + 32 + 3 * (16 + 60 + 20 + 80 + 68) + 8


def test_num_parameters_by_hand_without_bias():
    config = GPTConfig(vocab_size=10, block_size=8, n_layer=3, n_head=2, n_embd=4, bias=False)
    assert config.num_parameters == 40 + 32 + 3 * (8 + 48 + 16 + 64 + 64) + 4


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"n_embd": 30, "n_head": 4}, "30 channels cannot be shared equally by 4 heads: choose a number"),
        ({"vocab_size": 0}, "vocab_size is 0; it must be at least 1."),
        ({"block_size": -1}, "block_size is -1"),
        ({"n_layer": 0}, "n_layer is 0"),
        ({"n_head": 0}, "n_head is 0"),
        ({"n_embd": 0}, "n_embd is 0"),
        ({"dropout": 1.0}, "Dropout is 1.0; it must be at least 0 and below 1."),
        ({"dropout": -0.1}, "Dropout is -0.1"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_a_sentence(sizes, said):
    with pytest.raises(ValueError, match=said):
        GPTConfig(**{"vocab_size": 10} | sizes)


def test_a_size_needs_no_torch():
    code = "import sys; from core.model import GPTConfig; GPTConfig(vocab_size=5); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "False", done.stderr
