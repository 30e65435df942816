"""The shapes of a forward pass are measured, and named by what moved them."""

from itertools import product

import pytest

from core.model import GPTConfig, trace_shapes

# no two sizes alike: B = 3, T = 5, C = 12, V = 11, nh = 2, hs = 6
CONFIG = GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=12)


@pytest.fixture(scope="module")
def rows():
    return trace_shapes(CONFIG, 3, 5)


@pytest.mark.parametrize(
    ("module", "operation", "shape", "dims"),
    [
        ("", "the input, x", [3, 5], ["B", "T"]),
        ("transformer.wte", "embedding", [3, 5, 12], ["B", "T", ""]),
        ("transformer.wpe", "embedding", [1, 5, 12], ["", "T", ""]),
        ("transformer.h.0.ln_1", "layer_norm", [3, 5, 12], ["B", "T", ""]),
        ("transformer.h.0.attn.c_attn", "linear", [3, 5, 36], ["B", "T", ""]),
        ("transformer.h.0.attn", "scaled_dot_product_attention", [3, 2, 5, 6], ["B", "", "T", ""]),
        ("transformer.h.0.mlp.c_fc", "linear", [3, 5, 48], ["B", "T", ""]),
        ("transformer.h.0.mlp.gelu", "gelu", [3, 5, 48], ["B", "T", ""]),
        ("transformer.ln_f", "layer_norm", [3, 5, 12], ["B", "T", ""]),
        ("lm_head", "linear", [3, 5, 11], ["B", "T", ""]),
        ("", "cross_entropy", [], []),
    ],
)
def test_rows_by_hand(rows, module, operation, shape, dims):
    found = [row for row in rows if (row["module"], row["operation"]) == (module, operation)]
    assert [(row["shape"], row["dims"]) for row in found] == [(shape, dims)]


def test_the_loss_sees_all_tokens_of_the_batch_in_one_row(rows):
    flat = [(row["shape"], row["dims"]) for row in rows if row["operation"] == "flatten" and not row["module"]]
    assert flat == [([15, 11], ["B*T", ""]), ([15], ["B*T"])]


def test_bytes_by_hand(rows):
    logits = next(row for row in rows if row["module"] == "lm_head")
    assert (logits["dtype"], logits["num_bytes"]) == ("float32", 3 * 5 * 11 * 4)
    assert (rows[0]["dtype"], rows[0]["num_bytes"]) == ("int64", 3 * 5 * 8)


def test_a_view_has_no_memory_of_its_own(rows):
    views = {row["operation"]: row["is_view"] for row in rows}
    assert views["chunk"] and views["transpose"] and not views["linear"] and not views["embedding"]


def test_only_the_first_of_equal_blocks_is_given(rows):
    inside = [row for row in rows if row["module"].startswith("transformer.h.")]
    assert len(inside) > 10
    assert all(row["module"].startswith("transformer.h.0") and row["repeats"] == 2 for row in inside)
    assert all(row["repeats"] == 1 for row in rows if row not in inside)


@pytest.mark.parametrize("bias", [True, False])
def test_parameters_sum_to_the_model_with_its_head_counted_again(bias):
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=12, n_head=2, n_embd=12, bias=bias)
    total = sum(row["num_parameters"] * row["repeats"] for row in trace_shapes(config, 2, 4))
    assert total == config.num_parameters + 11 * 12  # lm_head shows the V x C that it shares with wte


def shapes_by_place(config, batch_size, num_steps):
    return [(row["module"], row["operation"], row["dims"]) for row in trace_shapes(config, batch_size, num_steps)]


@pytest.mark.parametrize("n_head", [1, 2, 4])
def test_rows_are_the_same_where_sizes_happen_to_be_equal(n_head):
    config = GPTConfig(vocab_size=4, block_size=8, n_layer=1, n_head=n_head, n_embd=4)
    usual = shapes_by_place(config, 7, 6)
    for batch_size, num_steps in product((1, 2, 4), (1, 2, 4, 8)):
        assert shapes_by_place(config, batch_size, num_steps) == usual


def test_rows_are_plain_data(rows):
    plain = {"str", "int", "bool", "list"}
    assert rows and {type(value).__name__ for row in rows for value in row.values()} == plain
