"""Tune the rate: which learning rate fits a batch size, and how much a larger batch helps."""

import streamlit as st

from core.experiments.sweep.offers import sweep_of
from core.lessons.tune_the_rate.view import choose_sizes, choose_sweep, draw_sweep, draw_the_rest
from core.ui.experiment import experiment, own_or_recorded
from core.ui.guess import Question
from core.ui.page import next_lesson, open_page
from core.ui.take_away import take_away

choices = open_page(
    "Which learning rate fits a batch size?",
    """A step from a large batch is **less noisy, so it may be safe to take a longer step**. How much longer? Here every batch size is trained at every
learning rate in a grid, so you can see for yourself.""",
    Question(
        "The batch grows. What happens to the best learning rate?",
        ("it stays", "it grows, but less than the batch", "it grows as the batch does", "it falls"),
    ),
)

sweep = experiment(choices, "sweep", "Start the sweep", main=choose_sizes, more=choose_sweep)
sweep.show(draw_sweep, choices, own_or_recorded(choices, "noise"), rest=draw_the_rest)

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Was the race fair?** At one learning rate it is fair to the examples, but not to the batch sizes. Rules of thumb scale the rate with √B, or with B, or not at all.
- **A rate too small is slow, a rate too large bounces.** Each line has a valley. How wide is it, and does it move to the right as B grows?
- **Three seeds leave room.** Where the bar of one batch size covers several rates, this sweep has not found *the* best rate.
- **At a small budget the large batch makes few steps**: at B = 64 there are often too few of them, whatever the rate.
- **Steps and windows:** to the left of the bend twice the batch saves half the steps, and costs no more windows. To the right it saves hardly any.
- **Try** AdamW's memory in tokens, an easier target, or a made-up language whose floor is known.
"""
    )
take_away(choices, "tune_the_rate", batch_size=min(choices.sweep_sizes), own=sweep_of)
next_lesson("pages/speed_and_memory.py", "How long each of those steps takes, and how much memory it needs.")
