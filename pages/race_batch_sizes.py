"""Race batch sizes: small GPTs trained at several batch sizes, on the same examples, side by side."""

import streamlit as st

from core.lessons.race_batch_sizes.view import choose_race, choose_sizes, draw_race, draw_the_rest
from core.lessons.race_batch_sizes.view_spikes import show_spikes
from core.lessons.race_batch_sizes.words import tokens_read
from core.ui.experiment import choose_recording, experiment
from core.ui.guess import Question
from core.ui.page import next_lesson, open_page
from core.ui.take_away import take_away

choices = open_page(
    "Why is a small batch noisy?",
    "Small GPTs read the **same examples in the same order**; only the batch size differs. Watch the loss jump.",
    Question("How many times less does the loss jump at the largest batch size than at the smallest?", unit="times"),
)

race = experiment(
    choices,
    "race",
    "Start the race",
    recording=choose_recording,
    main=choose_sizes,
    more=choose_race,
    half_life_tokens=choices.smoothing_half_life,
)
drawn = (choices.axis, choices.chosen_loss)
race.show(draw_race, choices, drawn, rest=draw_the_rest, progress=tokens_read)
show_spikes(choices, race.view())

with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Noise falls as 1/√B.** A batch's loss is a mean over B windows. Four times as many windows: half the spread. The dashed line has that slope.
- **Smooth is not better.** Look at the validation loss at equal tokens: which batch size is ahead? It made more, smaller steps.
- **Three axes, three stories.** At equal *steps* the large batch wins: it has read more. At equal *tokens* often a small one. At equal *seconds* it depends on your machine.
- **Try** the linear rule, or a rate of 10: a run that diverges is stopped, the page says so, and the others go on.
- Runs of one seed start from the same first weights, whatever their batch size. Three seeds show a tendency, not a proof. Bands may overlap where the race can tell two batch sizes apart all the same: they are compared seed by seed, and what a seed brings to both cancels.
"""
    )
take_away(choices, "race_batch_sizes", batch_size=min(choices.batch_sizes))
next_lesson("pages/tune_the_rate.py", "Was the comparison fair? Each batch size with a learning rate of its own.")
