"""Start: the front door. What this is, a race at one click, why there are batches, and the smallest batch."""

import streamlit as st

from core.batches import WindowStream
from core.corpus import build_corpus
from core.lessons.start.view import show_picture, show_reasons, show_ways_in
from core.ui.batches import draw_batch, next_batch_button, show_batch
from core.ui.page import next_lesson, open_page
from core.ui.take_away import take_away

TEXT = "To be or not to be."
BLOCK_SIZE, BATCH_SIZE = 8, 4

choices = open_page(
    "Batchscope: what is a batch?",
    """A **batch** is the handful of short pieces of text that a language model reads before it changes its weights once. Batchscope
trains small GPTs in front of you, on any text, and measures what the size of the batch changes.""",
)
show_ways_in(choices)
show_picture()

st.subheader("Why batches at all?", anchor=False)
st.markdown(
    "A model could read one window of text at a time, or the whole text before every change. A batch lies between the two."
)
show_reasons(choices)

st.subheader("A batch that you can count", anchor=False)
st.markdown(
    f"""A language model learns by guessing the next character, again and again. It gets short **windows** cut from a text, and learns
from all windows of a batch at once. Here the text is “{TEXT}” The **block size** is T = {BLOCK_SIZE}: a window shows the model {BLOCK_SIZE} characters.
The **batch size** is B = {BATCH_SIZE}: a batch has {BATCH_SIZE} windows. **x** is what the model reads. **y** holds the right answers, the same window one character on. Point at any cell to see where it came from."""
)
corpus = build_corpus(TEXT, val_fraction=0)
stream = WindowStream(num_tokens=len(corpus.train_ids), block_size=BLOCK_SIZE)
number = next_batch_button("Next batch", key="start_next")
batch = draw_batch(corpus, stream, first=number * BATCH_SIZE, batch_size=BATCH_SIZE)
show_batch(corpus, batch, key="start_batch_view")

take_away(choices, "start")
next_lesson("pages/make_a_batch.py", "The same with a text of your own.")
