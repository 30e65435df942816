"""Make a batch: a text of one's own, cut into windows."""

import streamlit as st

from core.batches import WindowStream
from core.corpus import NoText, check_block_size
from core.settings.limits import MAX_EXAMPLES
from core.ui.batches import draw_batch, show_batch, show_coverage
from core.ui.glossary import explain
from core.ui.guess import Question, show_guess
from core.ui.page import next_lesson, open_page, show_error
from core.ui.take_away import take_away
from core.ui.texts import choose_text, current_corpus

ORDER_HELP = (
    "Random: each window starts anywhere, with replacement. Sequential: the text in blocks of T, front to back. "
    "Shuffled: the same blocks, each once in an epoch, in a new order."
)

choices = open_page(
    "How does a text become a batch?",
    "Take a text, cut it into tokens, number them, and pick windows. Every training step begins like this.",
    Question(
        "How many questions does one training step ask the model?",
        ("1, for the whole batch", "B, one for each window", "T, one for each position", "B × T, one for each cell"),
    ),
)

text_side, batch_side = st.columns([1, 1], gap="medium")
with text_side:
    choose_text(choices)
with batch_side:
    left, right = st.container(key="pairs_batch").columns(2)
    choices.number("block_size", "Block size T (tokens)", where=left)
    choices.number("batch_size", "Batch size B (windows)", where=right)
    choices.select("tokenizer", where=left)
    choices.select("order", where=right, help=ORDER_HELP)
    with st.expander("Seed and batch number"):
        last_batch = MAX_EXAMPLES // choices.batch_size - 1
        choices.number("seed", "Seed: which random windows")
        choices.number("batch_number", high=last_batch)

try:
    corpus = current_corpus(choices)
    check_block_size(corpus, choices.block_size, need_val=False)
    stream = WindowStream(
        num_tokens=len(corpus.train_ids),
        block_size=choices.block_size,
        order=choices.order,
        seed=choices.seed,
    )
    batch = draw_batch(corpus, stream, choices.batch_number * choices.batch_size, choices.batch_size)
except NoText:  # the field says so
    st.stop()
except ValueError as error:
    show_error(error)
    st.stop()

B, T, V = choices.batch_size, choices.block_size, corpus.tokenizer.vocab_size
shapes, button = st.columns([4, 1], vertical_alignment="center")
shapes.markdown(
    f"**x: ({B}, {T})**, **y: ({B}, {T})**, int64, {16 * B * T:,} bytes together. One step asks B × T = **{B * T:,} questions**. "
    f"The text: {len(corpus.train_ids):,} tokens to train on, {len(corpus.val_ids):,} kept back for validation, a vocabulary of {V}.",
    help=explain("float32, bfloat16", "vocabulary, V"),
)
at_end = choices.batch_number >= last_batch or choices.fixed("batch_number")
if button.button("Next batch", type="primary", width="stretch", disabled=at_end):
    choices.set(batch_number=choices.batch_number + 1)
    st.rerun()

show_guess()
show_batch(corpus, batch, key="batch_view")

st.subheader("How much of the text has been seen?", anchor=False)
show_coverage(stream, (choices.batch_number + 1) * B, batch, key="coverage")

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **y is x, one token on.** The target of every cell but the last stands in the next cell of x. One row of T tokens asks T questions.
- **Random windows overlap**, and some text is not seen for a long time. Choose *shuffled*: the text is cut into blocks, and no block comes twice before all have come once. (What is left over at the end never comes.)
- **Tokens are not letters.** Choose BPE and see how far the same T now reaches into the text.
- **The seed decides everything.** The same seed and batch number give the same batch, today and tomorrow.
"""
    )
take_away(choices, "make_a_batch", step=choices.batch_number + 1)
next_lesson("pages/follow_the_shapes.py", "What the model does with x.")
