"""Follow the shapes: every tensor from (B, T) to the loss."""

import streamlit as st

from core.lab.cluster import LabError
from core.lessons.follow_the_shapes.view import draw_way, show_main, show_shapes, traced
from core.lessons.follow_the_shapes.words import activation_bytes, answer_sentence
from core.model import GPTConfig
from core.ui.guess import Question
from core.ui.page import folded, next_lesson, open_page, show_answer, show_error
from core.ui.take_away import take_away
from core.ui.texts import current_corpus

choices = open_page(
    "What shapes does a batch take inside the model?",
    """x goes in as (B, T) token ids; one real forward pass makes logits (B, T, V) and one loss of it. Sizes marked **B** or **T** grow with
the batch or the block.""",
    Question("B doubles. What else doubles?", ("the weights", "the tensors on the way", "both", "neither")),
)

b, t, layers, heads, channels = st.container(key="pairs_shapes").columns(5)
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

show_answer(answer_sentence(rows, config, choices.batch_size, choices.block_size))
st.subheader(
    "From x to the loss", anchor=False, help="We found B and T by running the model again with B + 1 and T + 1."
)
draw_way(rows)
st.subheader("Six tensors that matter", anchor=False)
show_main(rows)
with folded(f"All {len(rows)} tensors, one by one", "shapes_all") as shown:
    if shown:
        st.caption(
            f"All tensors on the way: {activation_bytes(rows):,} bytes. Parameters: {config.num_parameters:,}, in {4 * config.num_parameters:,} bytes. "
            "int64: a whole number in 8 bytes; float32: a number in 4 bytes, with about 7 digits."
        )
        show_shapes(rows)
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **B is a passenger.** It comes in first and leaves first; no weight has a size of B. That is why any batch size fits the same model.
- **T meets itself only in attention**, where every position looks at those before it. The weights do not grow with it, except for the table of positions.
- **Double B**: the bytes of the tensors double, except for the few that have no B, such as the positions; the parameters stay. This is the memory that a larger batch costs.
- **One table is used twice.** `wte` turns a token into numbers, and `lm_head` turns numbers into tokens, with the same V × C weights; the sum of parameters counts them once.
- **(B·T, V)** at the end: for the loss, every position of every window is one question among B × T.
"""
    )
take_away(choices, "follow_the_shapes")
next_lesson("pages/inside_one_step.py", "One update of the weights, stage by stage.")
