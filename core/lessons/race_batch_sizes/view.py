"""The live view of a race: its progress, its charts."""

import streamlit as st

from core.experiments.race.results import RaceResults
from core.lessons.race_batch_sizes.charts import draw_charts
from core.lessons.race_batch_sizes.words import divergence_sentences, summary_of
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.page import plain


def draw_race(view: View, choices: Choices, look: tuple | None) -> None:
    """All of a race; `look` is the step that is looked into as the page is drawn."""
    if not view.recorded:
        show_divergences(view.results)
    st.caption(plain(summary_of(view.results.spec)))
    draw_charts(view, choices)
    if choices.chosen_loss != look:
        st.rerun()  # the whole page: a point was clicked


def show_divergences(results: RaceResults) -> None:
    with st.container():  # always there, so that what follows keeps its place
        if results.divergences:
            st.warning(divergence_sentences(results.divergences))
