"""Race batch sizes: small GPTs trained at several batch sizes, on the same examples, side by side."""

import streamlit as st

from core.lessons.race_batch_sizes.view import draw_race
from core.lessons.race_batch_sizes.view_spikes import show_spikes
from core.lessons.race_batch_sizes.words import tokens_read
from core.ui.experiment import choose_recording, experiment
from core.ui.page import next_lesson, open_page
from core.ui.settings import choose_device, choose_text_and_model
from core.ui.take_away import take_away

choices = open_page(
    "Why is a small batch noisy?",
    """Every run below reads the **same examples in the same order** and starts from the same weights. Only the batch size differs: how many
windows a model reads before it changes its weights once. Start the race and watch how much each loss jumps from step to step.""",
)

sizes, axis, smoothing = st.columns([2, 1.3, 1])
choices.several("batch_sizes", where=sizes)
choices.segments("axis", where=axis)
choices.select("smoothing_half_life", where=smoothing)
with st.expander("Text, model, learning rate and the rest"):
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    with right:
        choices.number("learning_rate", "Learning rate (at B = 16)")
        choices.select("lr_rule")
        choices.number("num_seeds", "Seeds (runs at each batch size)")
        choices.number("max_tokens")
        choices.number("seed")
        choose_device(choices)

race = experiment(
    choices,
    "race",
    "Start the race",
    recording=choose_recording,
    invite="A recorded race, {note}. Click **{label}** to run your own, live.",
    half_life_tokens=choices.smoothing_half_life,
)
race.show(draw_race, choices, choices.chosen_loss, progress=tokens_read)
show_spikes(choices, race.view())

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Noise falls as 1/√B.** A batch's loss is a mean over B windows; four times as many windows, half the spread. The dashed line has that slope.
- **Smooth is not better.** Look at the validation loss at equal tokens: which batch size is ahead? It made more, smaller steps.
- **Three axes, three stories.** At equal *steps* the large batch wins: it has read more. At equal *tokens* often a small one. At equal *seconds* it depends on your machine.
- **Try** the linear rule, or a rate of 10: a run that diverges is stopped and said so, the others go on.
- Three seeds show a tendency, not a proof. Bands may overlap where the race can tell two batch sizes apart all the same: they are compared seed by seed, and what a seed brings to both cancels.
"""
    )
take_away(choices, "race_batch_sizes", batch_size=min(choices.batch_sizes))
next_lesson("pages/tune_the_rate.py", "Was the comparison fair? Each batch size with a learning rate of its own.")
