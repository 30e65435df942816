"""Speed and memory: what a step takes at each batch size, on this device."""

import streamlit as st

from core.experiments.step_cost.offers import speed_of
from core.lessons.speed_and_memory.view import choose_bounds, choose_measurement, draw_speed, draw_the_rest
from core.ui.experiment import choose_recording, experiment, own_or_recorded
from core.ui.guess import Question
from core.ui.page import next_lesson, open_page
from core.ui.take_away import take_away

choices = open_page(
    "What does a batch cost?",
    """Part of a step takes as long for one window as for ten, and part of its memory is needed whatever the batch. **When does a larger batch stop
paying off, and when does memory run out?**""",
    Question("Up to which batch size is a larger batch nearly free on this device?", unit="windows"),
)

speed = experiment(
    choices,
    "speed",
    "Measure this device",
    recording=choose_recording,
    main=choose_bounds,
    more=choose_measurement,
)
speed.show(draw_speed, choices, own_or_recorded(choices, "sweep"), rest=draw_the_rest)

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Far left of the knee a larger batch is nearly free**: the step hardly takes longer. At the knee, twice the batch takes half as long again; far right of it, twice as long.
- **Tokens a second are not learning a second.** The time to a loss has both: fewer steps, each longer. Where is their product lowest, and is it where tokens a second are highest?
- **Try more channels, then more layers.** Which of them moves the knee, and which way? Try a GPU, if you have one.
- **Try T twice as large and B half as large**: as many tokens, as much memory. How about the time?
- **Halve the memory to fit into.** What is needed whatever the batch does not shrink; micro-batches (lesson *Accumulate gradients*) are the way out.
"""
    )
take_away(choices, "speed_and_memory", own=speed_of)
next_lesson("pages/check_the_claims.py", "What people say about batch size, tested on your own runs.")
