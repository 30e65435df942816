"""Start: what a batch is, in under a screen."""

from core.batches import WindowStream
from core.corpus import build_corpus
from core.ui.batches import draw_batch, next_batch_button, show_batch
from core.ui.page import next_lesson, open_page
from core.ui.take_away import take_away

TEXT = "To be or not to be."
BLOCK_SIZE, BATCH_SIZE = 8, 4

choices = open_page(
    "What is a batch?",
    f"""A language model learns by guessing the next character, again and again. It does not read a text from front to back:
it is handed a few short **windows** cut from it, and learns from all of them at once. Those few windows are a **batch**.

Here the text is “{TEXT}” The **block size** is T = {BLOCK_SIZE}: a window shows the model {BLOCK_SIZE} characters. The **batch
size** is B = {BATCH_SIZE}: it gets {BATCH_SIZE} windows before it changes its weights once. **x** is what it reads; **y** holds the right answers,
the same window one character on. Point at any cell to see where it came from.""",
)

corpus = build_corpus(TEXT, val_fraction=0)
stream = WindowStream(num_tokens=len(corpus.train_ids), block_size=BLOCK_SIZE)
number = next_batch_button("Next batch", key="start_next")
batch = draw_batch(corpus, stream, first=number * BATCH_SIZE, batch_size=BATCH_SIZE)
show_batch(corpus, batch, key="start_batch_view")

take_away(choices, "start")
next_lesson("pages/make_a_batch.py", "The same with a text of your own.")
