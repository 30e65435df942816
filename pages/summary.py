"""Summary: which batch size to take, from what was measured in all lessons."""

import streamlit as st

from core.lessons.summary.figures import target_of
from core.lessons.summary.quiz import settle_all
from core.lessons.summary.tables import size_table, strategy_table
from core.lessons.summary.view import gather, show_answer, show_check, show_reasons, show_table, show_unknown
from core.lessons.summary.words import DEFINITION
from core.ui.page import next_lesson, open_page
from core.ui.take_away import take_away

choices = open_page("Which batch size should I take?", DEFINITION)
evidence = gather(choices)
target = target_of(evidence.timed.sweep, choices.target)
show_answer(evidence, target)

st.subheader("Batch size in practice", anchor=False)
show_table(choices, size_table(evidence, target))
show_unknown(evidence, target)
with st.expander("What these numbers are"):
    st.markdown(
        """
- **Yours, or recorded**: a recorded number is of the recording's text, model and device, not of yours.
- **The small numbers** are 95% intervals: of a loss over the seeds, of a speed over its timings, of a noise by chi-squared.
- **Updates and memory** are counted, so they have none. Memory is all that a step holds at its worst moment, tensors only.
- **Speed** is that of one run alone, as the race executes it.
- **Noise of the loss**: how far it jumps from one step of the race to the next, the trend taken away.
- **Noise of the gradient**: how far a batch's gradient lies from that of the whole text, in lengths of the latter, with the weights frozen at the last step that was looked at. Above 1 there is more noise than gradient.
- **Validation losses** are compared after as many tokens; that is not as long a time, nor as many updates.
- **Time to a loss**: the steps of the sweep, at the rate that gets there soonest, times the time of a step. It is calculated, not run.
"""
    )

st.subheader("Why batches at all?", anchor=False)
show_reasons(evidence)

st.subheader("The strategies", anchor=False)
show_table(choices, strategy_table(evidence))

st.subheader("Check yourself", anchor=False)
show_check(settle_all(evidence))

take_away(choices, "summary")
next_lesson(
    "pages/choose_the_order.py", "The ways to put a batch together, each with what it costs. First: which windows come."
)
