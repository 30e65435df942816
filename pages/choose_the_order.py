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
from core.lessons.choose_the_order.view import choose_race, choose_size, draw_orders, draw_the_rest
from core.lessons.choose_the_order.view_maps import choose_examples, show_maps, show_reads, show_unread, streams_of
from core.lessons.choose_the_order.words import amount_sentence, theory_sentence
from core.ui.experiment import experiment
from core.ui.guess import Question
from core.ui.page import folded, next_lesson, open_page, show_error
from core.ui.take_away import take_away
from core.ui.texts import current_corpus

choices = open_page(
    "Does the order of the windows matter?",
    "The next windows come from anywhere (**random**), each block once in a new order (**shuffled**), or front to back (**sequential**). "
    "Three races start from the same first weights; only the order differs.",
    Question(
        "Which order ends with the lowest loss on new text?", ("random", "shuffled", "sequential", "too close to call")
    ),
)

orders = experiment(choices, "orders", "Race the orders", main=choose_size, more=choose_race)
orders.show(draw_orders, rest=draw_the_rest)

st.subheader("What has each order read of the text?", anchor=False)
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
show_maps(drawn, choices.order_batch_size)

with folded("Which text was not read, and how often was the rest?", "order_unread") as shown:
    if shown:
        show_unread(corpus, drawn)
        left, right = st.columns([1, 1.2], gap="large")
        left.markdown(theory_sentence(drawn["random"]))
        with right:
            st.markdown("**How often was a token read?** Bars and marks: counted. Dashed: expected of random windows.")
            show_reads(drawn)
with folded("What people ask", "order_questions") as shown:
    if shown:
        results = orders.view().results
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
- **Continue to two, three, four epochs' worth**: each one leaves only about 1/e of what was still unread. The histogram moves to the right and stays wide.
- **The sequential loss follows the text**: where all runs rise together, a new subject starts, and the model has to learn again.
- **A larger B** has more subjects in one step, even of unshuffled text. Race again with B = 128.
- **A short text and many epochs** (*The soup that went to court*, 100,000 tokens): random windows may start anywhere, so the text is cut differently each time; blocks are always cut at the same places. Does that help on new text?
"""
    )
take_away(choices, "choose_the_order", batch_size=choices.order_batch_size, own=orders_of)
next_lesson("pages/accumulate_gradients.py", "A batch that does not fit into memory, in parts.")
