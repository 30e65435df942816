"""Accumulate gradients: a large batch in parts, one update."""

import streamlit as st

from core.experiments.parallel.offers import parts_of
from core.lab.cluster import LabError
from core.lessons.accumulate_gradients.view import choose_batch, choose_parts, draw_splits, show_mistake, show_proof
from core.lessons.accumulate_gradients.words import answer_sentence
from core.ui.experiment import experiment
from core.ui.guess import Question
from core.ui.page import folded, next_lesson, open_page, show_answer, show_error
from core.ui.sentences import unbroken
from core.ui.steps import current_step
from core.ui.take_away import take_away

choices = open_page(
    "How does a large batch fit into a small memory?",
    """The backward pass needs memory that grows with the batch. So take the batch in **micro-batches**: run each forward and backward, add up
the gradients, and update the weights once.""",
    Question(
        "The batch goes through the model in parts. How far is the sum of their gradients from the gradient of one pass?",
        ("they are equal, but for rounding", "some percent", "a large part of its length"),
    ),
)

splits = experiment(choices, "splits", "Time every split", main=choose_parts, more=choose_batch)
cost = splits.begun_view().results
answer = show_answer(answer_sentence(cost, choices.micro_batch_size, None))
splits.show(draw_splits)

B = choices.micro_batch_size * choices.accumulation_steps
st.subheader("Is it the same gradient?", anchor=False)
st.markdown(
    f"**B = {choices.micro_batch_size} × {choices.accumulation_steps} = {B:,} windows** of {choices.block_size} tokens make one update. "
    f"At step {choices.step:,}, layer by layer:"
)
try:
    found = current_step(choices, batch_size=B).ask("accumulation", choices.micro_batch_size, choices.targets)
except (ValueError, LabError) as error:
    show_error(error)
    st.stop()
answer.markdown(unbroken(answer_sentence(cost, choices.micro_batch_size, found)))
show_proof(found)

st.subheader("What goes wrong if …", anchor=False)
name = choices.select("accumulation_mistake", label_visibility="collapsed")
show_mistake(name, found)

with folded("What people ask", "accumulation_questions") as shown:
    if shown:
        counts = sorted({part.num_targets for part in found.parts})
        have = f"{counts[0]} each" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        st.markdown(
            f"""
- **Why divide by the number of steps?** The loss is a mean. A mean of K parts is their sum over K if all have the same number of targets; otherwise each counts by its share of the **targets**. Here the {len(found.parts)} parts have {have}.
- **Is it the same as the large batch?** Up to the rounding of float32, yes: the two gradients above differ by that, and by nothing else. With batch norm or dropout it would differ; a GPT has no batch norm.
- **Does it make training faster?** No. It makes the same updates as the large batch, and no more of them per second. It saves activation memory: the weights, their gradients and AdamW's averages are there anyway.
- **Where do I clip, and when do I step?** Once, after the last micro-batch.
"""
        )
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Uneven targets and “the mean over its own targets”**: the most common bug in fine-tuning, where answers differ in length. It also happens across machines.
- **Compare step 1 with step 200.** Early on all micro-batches pull the same way. Later their gradients point far apart, and only their mean is useful.
- **Micro-batch 1**: the least memory, and often the most time. Where does your device stop gaining?
"""
    )
take_away(choices, "accumulate_gradients", batch_size=B, step=choices.step, own=parts_of)
next_lesson("pages/distribute_the_batch.py", "The same split over several processes at once.")
