"""Shapes in sentences: what goes in, what comes out, and which tensors on the way matter."""

from core import charts
from core.model import GPTConfig

MAIN = (  # (module, operation) of the tensors that tell the whole way, and what each of them is
    ("", "the input, x", "x: token ids"),
    ("transformer.wte", "embedding", "each token as C numbers"),
    ("transformer.h.0.attn", "scaled_dot_product_attention", "attention: the C numbers split over the heads"),
    ("transformer.h.0.mlp.c_fc", "linear", "inside the MLP: 4 × C numbers"),
    ("lm_head", "linear", "logits: a score for each of V tokens"),
    ("", "cross_entropy", "the loss"),
)


def main_rows(rows: list[dict]) -> list[tuple[str, dict]]:
    """What each tensor of MAIN is, and its row of `core.model.trace_shapes`."""
    first = {(row["module"], row["operation"]): row for row in reversed(rows)}
    return [(what, first[module, operation]) for module, operation, what in MAIN if (module, operation) in first]


def activation_bytes(rows: list[dict]) -> int:
    """Of all tensors that a forward pass makes; a view has no memory of its own."""
    return sum(row["num_bytes"] * row["repeats"] for row in rows if not row["is_view"])


def answer_sentence(rows: list[dict], config: GPTConfig, batch_size: int, num_steps: int) -> str:
    """The way in and out, and what grows with the batch."""
    B, T, V = batch_size, num_steps, config.vocab_size
    tensors, weights = (charts.format_bytes(n) for n in (activation_bytes(rows), 4 * config.num_parameters))
    return (
        f"x goes in as **({B:,}, {T:,})** and comes out as logits **({B:,}, {T:,}, {V:,})**: {B * T:,} questions with "
        f"{V:,} scores each, and one loss. The tensors on the way take **{tensors}** and grow with B; the "
        f"{config.num_parameters:,} parameters ({weights}) do not."
    )


def too_many_sentence(num_tokens: int, width: int) -> str:
    """Of tokens whose widest tensor has that many numbers for each."""
    return (
        f"B × T = {num_tokens:,} tokens, each {width:,} numbers wide, are too many to run just to look: choose a "
        "smaller B or T."
    )
