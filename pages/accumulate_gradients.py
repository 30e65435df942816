"""Accumulate gradients: a large batch in parts, one update."""

import streamlit as st

from core.experiments.parallel.offers import parts_of
from core.lab.cluster import LabError
from core.lessons.accumulate_gradients.view import draw_splits, show_mistake, show_proof
from core.ui.experiment import experiment
from core.ui.page import next_lesson, open_page, show_error
from core.ui.settings import choose_device, choose_model
from core.ui.steps import current_step
from core.ui.take_away import take_away
from core.ui.texts import choose_text

choices = open_page(
    "How does a large batch fit into a small memory?",
    """What backward needs grows with the batch. So take the batch in **micro-batches**: run each forward and backward, add up the gradients, and update the
weights once, at the end. Done right, the sum is the large batch's gradient. It is easily done wrong.""",
)

with st.container(horizontal=True, vertical_alignment="bottom"):
    choices.number("micro_batch_size", width=150)
    choices.number("accumulation_steps", width=150)
    choices.number("block_size", width=130)
    choices.select("targets", width=290)
    choices.number("step", "At step", width=120)
    more = st.popover("Text, model and the rest")
with more:
    choose_text(choices)
    choose_model(choices)
    choices.number("seed", "Seed: of the first weights and of the windows")
    choose_device(choices)
B = choices.micro_batch_size * choices.accumulation_steps
st.markdown(
    f"**B = {choices.micro_batch_size} × {choices.accumulation_steps} = {B:,} windows** of {choices.block_size} tokens make one update."
)

try:
    found = show_proof(choices, current_step(choices, batch_size=B))
except (ValueError, LabError) as error:
    show_error(error)
    st.stop()

st.subheader("What goes wrong if …", anchor=False)
name = choices.select("accumulation_mistake")
show_mistake(name, found)

st.subheader("What does a split cost?", anchor=False)
experiment(choices, "splits", "Time every split").show(draw_splits)

st.subheader("What people ask", anchor=False)
counts = sorted({part.num_targets for part in found.parts})
have = f"{counts[0]} each" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
st.markdown(
    f"""
- **Why divide by the number of steps?** Because the loss is a mean, and a mean of K parts is their sum over K, where all have as many targets; otherwise each counts by its share of the **targets**. Here the {len(found.parts)} parts have {have}.
- **Is it the same as the large batch?** Up to the rounding of float32, yes: the two gradients above differ by that, and by nothing else. With batch norm or dropout it would differ; a GPT has no batch norm.
- **Does it make training faster?** No more updates a second than the large batch, which is what it imitates. What it saves is activation memory: the weights, their gradients and AdamW's averages are there anyway.
- **Where do I clip, and when do I step?** Once, after the last micro-batch.
"""
)
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Uneven targets and “the mean over its own targets”**: the most common bug in fine-tuning, where answers differ in length. It also bites across machines.
- **Compare step 1 with step 200.** Early on all micro-batches pull the same way; later their gradients point far apart, and only their mean is of use.
- **Micro-batch 1**: the least memory, and often the most time. Where does your device stop gaining?
"""
    )
take_away(choices, "accumulate_gradients", batch_size=B, step=choices.step, own=parts_of)
next_lesson("pages/distribute_the_batch.py", "The same split over several processes at once.")
