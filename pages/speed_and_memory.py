"""Speed and memory: what a step takes at each batch size, on this device."""

import streamlit as st

from core.experiments.step_cost.offers import speed_of
from core.lessons.speed_and_memory.view import draw_speed
from core.ui.experiment import choose_recording, experiment, own_or_recorded
from core.ui.page import next_lesson, open_page
from core.ui.settings import choose_device, choose_model
from core.ui.take_away import take_away
from core.ui.texts import choose_text

choices = open_page(
    "What does a batch cost?",
    """A larger batch is more work for a step, but not in proportion: some of a step takes as long for one window as for ten. And some of its memory is there
whatever the batch. How much of each, on this device? Where does it pay no more to make the batch larger, and where does memory end?""",
)

with st.container(horizontal=True, vertical_alignment="bottom"):
    choices.number("max_batch_size", width=150)
    choices.number("block_size", width=130)
    choices.number("budget_mb", width=190)
    more = st.popover("Text, model and the rest")
with more:
    choose_text(choices)
    choose_model(choices)
    choices.number("seed", "Seed")
    choose_device(choices)

speed = experiment(choices, "speed", "Measure this device", recording=choose_recording)
speed.show(draw_speed, choices, own_or_recorded(choices, "sweep"))

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Far left of the knee a larger batch is nearly free**: the step hardly takes longer. At the knee, twice the batch takes half as long again; far right of it, twice as long.
- **Tokens a second are not learning a second.** The last row has both: fewer steps, each longer. Where is their product lowest, and is it where tokens a second are highest?
- **Try more channels, then more layers.** Which of them moves the knee, and which way? Try a GPU, if you have one.
- **Try T twice as large and B half as large**: as many tokens, as much memory. How about the time?
- **Halve the memory to fit into.** What is there whatever the batch does not shrink; micro-batches (lesson *Accumulate gradients*) are the way out.
"""
    )
take_away(choices, "speed_and_memory", own=speed_of)
next_lesson("pages/check_the_claims.py", "What people say about batch size, held against your own runs.")
