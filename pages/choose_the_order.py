"""Choose the order: with replacement, without, or as the text stands."""

import streamlit as st

from core.experiments.orders.offers import orders_of
from core.lessons.choose_the_order.answers import (
    epoch_answer,
    replacement_answer,
    seed_answer,
    shuffling_answer,
    source_sentence,
)
from core.lessons.choose_the_order.coverage import Drawn
from core.lessons.choose_the_order.view import draw_orders
from core.lessons.choose_the_order.view_maps import choose_examples, show_maps, show_reads, streams_of
from core.lessons.choose_the_order.words import amount_sentence, theory_sentence
from core.ui.experiment import experiment
from core.ui.page import next_lesson, open_page, plain, show_error
from core.ui.settings import choose_device
from core.ui.take_away import take_away
from core.ui.texts import choose_text, current_corpus

choices = open_page(
    "Does the order of the windows matter?",
    "A batch is B windows of the text. Which ones come next? Anywhere at random, every block once in a new order, or front to back: the same text, "
    "the same number of tokens, but not the same training.",
)

with st.expander("Text, model, budget and the rest"):
    left, middle, right = st.columns(3)
    with left:
        choose_text(choices)
        choices.number("block_size", "Block size T (tokens)")
    with middle:
        choices.select("order_model")
        choices.number("learning_rate")
        choices.number("order_tokens")
    with right:
        choices.number("order_seeds")
        choices.number("seed")
        choose_device(choices)

try:
    corpus = current_corpus(choices)
    streams = streams_of(choices, corpus)
except ValueError as error:
    show_error(error)
    st.stop()

epoch_size = streams["shuffled"].epoch_size
num_examples = choose_examples(choices, epoch_size)
drawn = {order: Drawn(stream, num_examples, stream.coverage(num_examples)) for order, stream in streams.items()}
st.markdown(amount_sentence(drawn["random"], choices.order_batch_size))
sentences = show_maps(corpus, drawn, choices.order_batch_size)

left, right = st.columns([1, 1.2], gap="large")
with left:
    st.markdown(theory_sentence(drawn["random"]))
with right:
    st.markdown("**How often was a token read?** Bars and marks: counted. Dashed: expected of random windows.")
    sentences.append(show_reads(drawn))
with st.expander("The maps in numbers"):
    st.markdown("\n\n".join(plain(sentence) for sentence in sentences))

st.subheader("What does a model learn from each order?", anchor=False)
st.markdown(
    "Three races from the **same first weights**, at the same batch size and rate. Only the order of the windows differs."
)
orders = experiment(
    choices,
    "orders",
    "Race the orders",
)
orders.show(draw_orders)
results = orders.view().results

st.subheader("What people ask", anchor=False)
st.markdown(
    f"""
**With or without replacement?** {replacement_answer(drawn, results)}

**Why shuffle at all?** {shuffling_answer(results)}

**What is an epoch here?** {epoch_answer(streams["shuffled"], choices.order_batch_size)}

**Does the seed change the result?** {seed_answer(streams["random"], results)}
"""
)
st.caption(source_sentence(orders.note))
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Press “One step” a few times** from the start: random windows land anywhere and overlap, shuffled blocks never do, the sequential front moves on.
- **Go on to two, three, four epochs' worth**: each further one leaves only about 1/e of what was still unread. The histogram moves to the right and stays wide.
- **The sequential loss tells the story of the text**: where all seeds rise together, a new subject begins, and the model has to learn again.
- **A larger B** holds more subjects in one step, even of unshuffled text. Race again with B = 128.
- **A short text and many epochs** (*The soup that went to court*, 100,000 tokens): random windows may start anywhere, so the text is cut anew each time; blocks are always cut at the same places. Does that help on new text?
"""
    )
take_away(choices, "choose_the_order", batch_size=choices.order_batch_size, own=orders_of)
next_lesson("pages/accumulate_gradients.py", "A batch that does not fit, taken in parts.")
