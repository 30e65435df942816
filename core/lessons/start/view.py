"""The front door on a page: the two ways in, the picture, and why there are batches."""

from functools import partial

import streamlit as st

from core import charts
from core.lessons.start.panels import Panel, panel_of
from core.lessons.start.words import (
    gradient_reason,
    memory_reason,
    panel_sentence,
    panel_title,
    picture_sentence,
    source_sentence,
    speed_reason,
)
from core.ui.budget import show_budget
from core.ui.charts import draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import find_own, own_or_recorded, recorded, submit
from core.ui.page import go_to, plain
from core.ui.texts import pasted_text

SMALL, LARGE = 4, 64
RACE, MAKE = "pages/race_batch_sizes.py", "pages/make_a_batch.py"


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
    race = recorded("race")
    small, large = recorded_panel(SMALL), recorded_panel(LARGE)
    losses = charts.round_domain(min(small.lowest, large.lowest), max(small.highest, large.highest))
    frame = charts.frame_corners((0.0, float(race.race.train.max_tokens)), losses)
    for column, panel in zip(st.columns(2, gap="medium"), (small, large), strict=True):
        with column:
            st.markdown(panel_title(panel))
            draw(
                spec_of(charts.panel_chart, panel.batch_size, theme(), y_title="loss (nats per token)"),
                f"start_panel_{panel.batch_size}",
                panel_sentence(panel),
                bars=panel.bars,
                line=panel.line,
                mean=panel.mean,
                frame=frame,
            )
    st.caption(picture_sentence(small, large, plain(race.note)))


@st.cache_resource(show_spinner=False)
def recorded_panel(batch_size: int) -> Panel:
    race = recorded("race")
    return panel_of(race.view().results, race.view().read, batch_size)


# ---- why batches


def show_reasons(choices: Choices) -> None:
    """Three reasons for batches, each with its number and the page that measures it."""
    speed, noise = (own_or_recorded(choices, name) for name in ("speed", "noise"))
    costs = speed.view().results
    reasons = (
        (speed_reason(costs), "pages/speed_and_memory.py", "Speed and memory"),
        (memory_reason(costs), "pages/speed_and_memory.py", "Speed and memory"),
        (gradient_reason(noise.view().results), "pages/measure_the_noise.py", "Measure the noise"),
    )
    for column, (reason, path, title) in zip(st.columns(3, gap="medium"), reasons, strict=True):
        with column.container(border=True):
            st.markdown(f"{reason.name}: **{reason.figure}**")
            st.markdown(reason.sentence)
            st.page_link(path, label=f"Measured in **{title}**", icon=":material/arrow_forward:")
    st.caption(plain(source_sentence([speed.note, speed.note, noise.note])))
