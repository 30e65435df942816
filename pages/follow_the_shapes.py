"""Follow the shapes: every tensor from (B, T) to the loss."""

import streamlit as st

from core.lab.cluster import LabError
from core.lessons.follow_the_shapes.view import show_shapes, traced
from core.model import GPTConfig
from core.ui.page import next_lesson, open_page, show_error
from core.ui.take_away import take_away
from core.ui.texts import current_corpus

choices = open_page(
    "What shapes does a batch take inside the model?",
    """x goes in as (B, T) token ids. Below is every tensor that one real forward pass makes of it, up to the logits (B, T, V) and
one loss. A size marked **B** or **T** was *measured* to come from it: the model was run once more with one more of each.""",
)

b, t, layers, heads, channels = st.columns(5)
choices.number("batch_size", where=b)
choices.number("block_size", where=t)
choices.number("n_layer", where=layers)
choices.number("n_head", where=heads)
choices.number("n_embd", "Channels C", where=channels)

try:
    corpus = current_corpus(choices)
    config = GPTConfig(
        vocab_size=corpus.tokenizer.vocab_size,
        block_size=choices.block_size,
        n_layer=choices.n_layer,
        n_head=choices.n_head,
        n_embd=choices.n_embd,
    )
    rows = traced(config, choices.batch_size, choices.block_size)
except (ValueError, LabError) as error:
    show_error(error)
    st.stop()

activations = sum(row["num_bytes"] * row["repeats"] for row in rows if not row["is_view"])
weights = 4 * config.num_parameters
left, middle, right = st.columns(3)
left.metric("Tensors made on the way", f"{activations:,} bytes")
middle.metric("Parameters", f"{config.num_parameters:,}")
right.metric("Bytes of the parameters", f"{weights:,} bytes")
show_shapes(rows)

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **B is a passenger.** It comes in first and leaves first; no weight has a size of B. That is why any batch size fits the same model.
- **T meets itself only in attention**, where every position looks at those before it. The weights do not grow with it, but for the table of positions.
- **Double B**: the bytes of the tensors double, but for the few that have no B, as the positions; the parameters stay. This is the memory that a larger batch costs.
- **One table stands twice.** `wte` turns a token into numbers, and `lm_head` turns numbers into tokens, with the same V × C weights: in the sum of parameters they count once.
- **(B·T, V)** at the end: for the loss, every position of every window is one question among B × T.
"""
    )
take_away(choices, "follow_the_shapes")
next_lesson("pages/inside_one_step.py", "One update of the weights, stage by stage.")
