"""The front door on a page: the two ways in, the picture, and why there are batches."""

from functools import partial

import streamlit as st

from core.lessons.start.words import picture_sentence, source_sentence
from core.ui.budget import show_budget
from core.ui.choices import Choices
from core.ui.controls import submit
from core.ui.experiment import find_own, own_or_recorded, recorded
from core.ui.page import go_to, plain
from core.ui.page_file import page_file
from core.ui.plots.panels import draw_panels
from core.ui.reasons import reasons_of
from core.ui.texts import pasted_text

SMALL, LARGE = 4, 64
RACE, MAKE = "pages/race_batch_sizes.py", "pages/make_a_batch.py"
MEASURED = {  # by the name of the offer
    "speed": ("pages/speed_and_memory.py", "Speed and memory"),
    "noise": ("pages/measure_the_noise.py", "Measure the noise"),
}


# ---- the ways in


def show_ways_in(choices: Choices) -> None:
    """A race with the visitor's settings, or a text of their own."""
    with st.container(horizontal=True):
        watch = st.button("Watch a race", type="primary", icon=":material/play_arrow:", key="start_race")
        own = st.button("Use my own text", icon=":material/content_paste:", key="start_own_text")
    if pasted_text():
        show_budget(choices, "race")
    if own:
        choices.set(source="pasted")
        go_to(choices, MAKE)
    if watch:
        mine = find_own(choices, "race")
        if mine and mine.experiment and mine.experiment.active:
            go_to(choices, RACE)
        submit(choices, "race", then=partial(go_to, choices, RACE))


# ---- the picture


def show_picture() -> None:
    """A recorded run at a small batch size beside one at a large one, on the same axes."""
    view = recorded("race").view()
    draw_panels(view, "tokens", view.race.train.first_seed, sizes=(SMALL, LARGE), height=190)
    st.caption(picture_sentence(view.results, SMALL, LARGE, plain(view.note)))


# ---- why batches


def show_reasons(choices: Choices) -> None:
    """Three reasons for batches, each with its number and the page that measures it."""
    speed, noise = (own_or_recorded(choices, name) for name in ("speed", "noise"))
    reasons = reasons_of(speed.view().results, noise.view().results)
    for column, reason in zip(st.columns(3, gap="medium"), reasons, strict=True):
        path, title = MEASURED[reason.measured]
        with column.container(border=True):
            st.markdown(f"{reason.name}: **{reason.figure}**")
            st.markdown(reason.sentence)
            st.page_link(page_file(path), label=f"Measured in **{title}**", icon=":material/arrow_forward:")
    st.caption(plain(source_sentence([speed.note, speed.note, noise.note])))
