"""Measure the noise: batches around the truth, at weights that stand still."""

import streamlit as st

from core.experiments.noise.offers import noise_of
from core.lessons.measure_the_noise.view import choose_measurement, choose_steps, draw_noise, draw_the_rest
from core.ui.experiment import experiment
from core.ui.guess import Question
from core.ui.page import next_lesson, open_page
from core.ui.take_away import take_away

choices = open_page(
    "How far is a batch from the truth?",
    """A text has **one** loss and **one** gradient; each training step looks at one batch and trusts it. Here the weights are **frozen**, and many
batches of each size are compared with the whole text.""",
    Question("A batch four times as large: how many times less noisy is its loss?", unit="times"),
)

noise = experiment(choices, "noise", "Measure the noise", main=choose_steps, more=choose_measurement)
noise.show(draw_noise, choices, choices.noise_at_step, rest=draw_the_rest)

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Every size gives the same answer**, on average: all strips gather around one line. A large batch only strays less.
- **The direction is the hard part.** Late in training the gradient of a single window points almost anywhere. Look at the cosines at B = 1: how large must B be until they come near 1?
- **The noise scale grows** as the model learns: at first all windows agree on what is wrong, later each asks for something else.
- **Without replacement** the rings fall below the line where a batch is a good part of the text. Take a short text, and B up to 128: at B = all windows there is no noise left.
- **Try** Lumo, the made-up language: its windows differ only by chance, so its design effect is near 1.
"""
    )
take_away(choices, "measure_the_noise", batch_size=choices.train_batch_size, own=noise_of)
next_lesson("pages/race_batch_sizes.py", "What the noise does to training.")
