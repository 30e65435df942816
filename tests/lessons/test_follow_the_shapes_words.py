"""Shapes in sentences, from rows that are written by hand."""

from core.lessons.follow_the_shapes.words import (
    MAIN,
    activation_bytes,
    answer_sentence,
    main_rows,
    too_many_sentence,
)
from core.model import GPTConfig
from core.model.trace import trace_shapes

TINY = GPTConfig(vocab_size=7, block_size=3, n_layer=2, n_head=2, n_embd=4)


def row(module: str, operation: str, num_bytes: int = 100, repeats: int = 1, is_view: bool = False) -> dict:
    return {
        "module": module, "operation": operation, "num_bytes": num_bytes, "repeats": repeats, "is_view": is_view
    }  # fmt: skip


ROWS = [row("", "the input, x", 48), row("transformer.wte", "embedding", repeats=2), row("", "view", 9, is_view=True)]


def test_the_answer_is_the_way_in_and_out_and_what_grows():
    # 48 + 2 x 100 bytes, the view not counted; 2 x 3 questions
    text = answer_sentence(ROWS, TINY, 2, 3)
    assert text.startswith("x goes in as **(2, 3)** and comes out as logits **(2, 3, 7)**: 6 questions with 7 scores")
    assert "take **248 bytes** and grow with B" in text and activation_bytes(ROWS) == 248
    assert f"the {TINY.num_parameters:,} parameters" in text


def test_the_six_tensors_that_matter_are_in_every_forward_pass():
    found = main_rows(trace_shapes(TINY, 2, 3))
    assert [what for what, _ in found] == [what for *_, what in MAIN]
    # (B, T), (B, T, C), (B, heads, T, C / heads), (B, T, 4 C), (B, T, V), a single number
    assert [row["shape"] for _, row in found] == [[2, 3], [2, 3, 4], [2, 2, 3, 2], [2, 3, 16], [2, 3, 7], []]


def test_what_was_not_traced_is_left_out():
    assert [what for what, _ in main_rows(ROWS)] == ["x: token ids", "each token as C numbers"]


def test_a_batch_that_is_too_large_to_look_at_is_refused_with_its_numbers():
    assert too_many_sentence(262_144, 256).startswith("B × T = 262,144 tokens, each 256 numbers wide, are too many")
