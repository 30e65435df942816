"""Measure the noise: batches around the truth, at weights that stand still."""

import streamlit as st

from core.experiments.noise.offers import noise_of
from core.lessons.measure_the_noise.view import draw_noise
from core.ui.experiment import experiment
from core.ui.page import next_lesson, open_page
from core.ui.settings import choose_device, choose_text_and_model
from core.ui.take_away import take_away

choices = open_page(
    "How far is a batch from the truth?",
    """A text has **one** loss and **one** gradient, the means over all its windows. Training never looks at them: each step asks a batch, and believes
it. Here a model is stopped on its way and its weights are held still. Then many batches of each size are drawn, and each answer is held against the truth.""",
)

steps, sizes = st.columns([2, 3])
choices.several("noise_steps", where=steps)
choices.several("noise_sizes", where=sizes)
with st.expander("Text, model, training and the rest"):
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    with right:
        choices.number("num_batches")
        choices.number("train_batch_size")
        choices.number("learning_rate")
        choices.number("seed", "Seed")
        choose_device(choices)

noise = experiment(
    choices,
    "noise",
    "Measure the noise",
)
noise.show(draw_noise, choices)

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Every size tells the same truth**, on average: all strips gather around one line. A large batch only strays less.
- **The direction is the hard part.** Late in training the gradient of a single window points almost anywhere: look at the cosines at B = 1, and how large B must be until they come near 1.
- **The noise scale grows** as the model learns: first all windows agree on what is wrong, later each has its own wish.
- **Without replacement** the rings fall below the line where a batch is a good part of the text. Take a short text, and B up to 128: at B = all windows there is no noise left.
- **Try** Lumo, the made-up language: its windows differ only by chance, so its design effect is near 1.
"""
    )
take_away(choices, "measure_the_noise", batch_size=choices.train_batch_size, own=noise_of)
next_lesson("pages/race_batch_sizes.py", "What the noise does to training.")
