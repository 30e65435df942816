"""Tune the rate: which learning rate fits a batch size, and how far a larger batch carries."""

import streamlit as st

from core.experiments.sweep.offers import sweep_of
from core.lessons.tune_the_rate.view import draw_sweep
from core.ui.experiment import experiment, own_or_recorded
from core.ui.page import next_lesson, open_page
from core.ui.settings import choose_device, choose_text_and_model
from core.ui.take_away import take_away

choices = open_page(
    "Which learning rate fits a batch size?",
    """A race at one learning rate is fair to the examples, but not to the batch sizes: a step from a large batch is less noisy, and may be allowed to be
longer. How much longer? Rules of thumb say √B, or B, or not at all. Here every batch size is trained at every rate of a grid, and you see.""",
)

sizes, rates = st.columns(2)
choices.several("sweep_sizes", where=sizes)
choices.several("sweep_rates", where=rates)
with st.expander("Text, model, budget and the rest"):
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    with right:
        choices.number("sweep_tokens")
        choices.number("num_seeds")
        choices.select("beta2_rule")
        choices.number("seed")
        choose_device(choices)

sweep = experiment(
    choices,
    "sweep",
    "Start the sweep",
)
sweep.show(draw_sweep, choices, own_or_recorded(choices, "noise"))

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **A rate too small is slow, a rate too large bounces.** Each line has a valley; how wide is it, and does it move to the right as B grows?
- **Three seeds leave room.** Where the bar of one batch size reaches over several rates, this sweep has not found *the* best rate.
- **At a small budget the large batch makes few steps**: at B = 64 it is often the steps that lack, whatever the rate.
- **Steps and windows:** to the left of the bend twice the batch saves half the steps, and costs no more windows. To the right it saves hardly any.
- **Try** AdamW's memory in tokens, an easier target, or a made-up language whose floor is known.
"""
    )
take_away(choices, "tune_the_rate", batch_size=min(choices.sweep_sizes), own=sweep_of)
next_lesson("pages/speed_and_memory.py", "How long each of those steps takes, and what it holds in memory.")
