"""The frame of every page: settings, the way through the lessons, the address, a word on what goes on meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.corpus import NoText
from core.experiments.registry import OFFERS
from core.lab.cluster import LabError
from core.lab.database import StoreError
from core.lab.store import Status
from core.ui.choices import PAGE, Choices
from core.ui.guess import Question, ask, begin, offer_guess, show_guess, waits_for_guess
from core.ui.lab import server, visitor
from core.ui.page_file import page_file
from core.ui.prepared import show_prepared
from core.ui.present import LARGE, switch
from core.ui.sentences import plain, unbroken
from core.ui.share import share
from core.ui.texts import restore_text, show_no_text
from core.ui.theme import follow_theme

ROUTED = "_routed"
STYLE = f"<style>{Path(__file__).with_name('page.css').read_text(encoding='utf-8')}</style>"
LESSONS = {  # by section
    "Lessons": (
        ("pages/start.py", "Start", ":material/home:"),
        ("pages/make_a_batch.py", "Make a batch", ":material/grid_on:"),
        ("pages/follow_the_shapes.py", "Follow the shapes", ":material/view_in_ar:"),
        ("pages/inside_one_step.py", "Inside one step", ":material/manufacturing:"),
        ("pages/measure_the_noise.py", "Measure the noise", ":material/scatter_plot:"),
        ("pages/race_batch_sizes.py", "Race batch sizes", ":material/show_chart:"),
        ("pages/tune_the_rate.py", "Tune the rate", ":material/tune:"),
        ("pages/speed_and_memory.py", "Speed and memory", ":material/speed:"),
        ("pages/check_the_claims.py", "Check the claims", ":material/fact_check:"),
        ("pages/summary.py", "Summary", ":material/summarize:"),
    ),
    "Strategies": (
        ("pages/choose_the_order.py", "Choose the order", ":material/shuffle:"),
        ("pages/accumulate_gradients.py", "Accumulate gradients", ":material/layers:"),
        ("pages/distribute_the_batch.py", "Distribute the batch", ":material/hub:"),
        ("pages/pack_documents.py", "Pack documents", ":material/inventory_2:"),
    ),
    "Together": (
        ("pages/hold_a_class.py", "Hold a class", ":material/groups:"),
        ("pages/for_teachers.py", "For teachers", ":material/school:"),
    ),
    "Reference": (("pages/words.py", "Glossary", ":material/menu_book:"),),
}


def lessons() -> dict[str, list]:
    return {
        section: [
            st.Page(page_file(path), title=title, icon=icon, default=title == "Start") for path, title, icon in pages
        ]
        for section, pages in LESSONS.items()
    }


def navigation():
    """The menu of lessons, and the page that is asked for. Streamlit's own list of `pages/`, which a server's first
    request would show for some seconds, is off in `.streamlit/config.toml`: the same option hides this menu."""
    st.set_option("client.showSidebarNavigation", True)
    return st.navigation(lessons(), expanded=True)


def run_app() -> None:
    page = navigation()
    st.set_page_config(page_title=f"{page.title} · Batchscope", layout="wide")
    server()
    choices = Choices()
    choices.write_url()  # a reload while the page is still being made loses nothing
    st.session_state[ROUTED] = True
    try:
        with st.sidebar:
            restore_text(choices)
            experiment_status(choices)
        page.run()
    finally:
        st.session_state[ROUTED] = False
    choices.write_url()


def open_page(question: str, answer: str, guess: Question | None = None) -> Choices:
    """The beginning of a page: its question, the answer in a sentence or two, and what can be guessed before one reads
    on. Returns the visitor's choices. A page that was prepared so ends here until something is guessed.

    A link to a page that is a server's very first request makes Streamlit run the page without the router; then the
    router's navigation is set and the run begins again.
    """
    if not st.session_state.get(ROUTED):
        navigation()
        st.rerun()
    choices = Choices()
    st.session_state[PAGE] = question
    guess = begin(choices, guess)
    st.html(STYLE + LARGE * choices.present)
    head = st.container(horizontal=True, vertical_alignment="center", key="head")
    with head:
        st.title(question, anchor=False)
        fragment(share)(choices)
        switch(choices)
        follow_theme()
    if guess and not waits_for_guess(choices):
        with head if choices.present else st.container(horizontal=True, key="intro"):
            introduce(choices, answer)
            offer_guess(choices, guess)
    else:
        introduce(choices, answer)
    show_prepared(choices)
    for note in choices.take_notes():
        st.warning(plain(note))
    if guess and waits_for_guess(choices):
        ask(choices, guess)
        st.stop()
    return choices


def introduce(choices: Choices, answer: str) -> None:
    if answer and not choices.present:
        st.markdown(answer)


def show_answer(sentence: str) -> DeltaGenerator:
    """What a page's measurement says, in a sentence or two, in a card above its picture; with it, what the visitor
    guessed. Returns its place, for a page that knows more later."""
    with st.container(border=True, key="answer"):
        place = st.empty()
        place.markdown(unbroken(sentence))
        show_guess()
    return place


@contextmanager
def folded(label: str, key: str) -> Iterator[bool]:
    """Details that are made only while they are unfolded: `with folded("Texts", "texts") as shown: if shown: ...`"""
    box = st.expander(label, key=f"fold_{key}", on_change="rerun")
    with box:
        yield bool(box.open)


def go_to(choices: Choices, path: str) -> None:
    """Another page at once, with all choices in its address from the beginning."""
    st.switch_page(page_file(path), query_params=choices.settings.to_url())


def next_lesson(path: str, why: str) -> None:
    """The way on, at the foot of a page."""
    title = next(title for pages in LESSONS.values() for known, title, _ in pages if known == path)
    st.divider()
    st.page_link(page_file(path), label=f"Next: **{title}**", icon=":material/arrow_forward:")
    st.caption(why)


def show_error(error: Exception) -> None:
    """A mistake, answered with its sentence. A text that is yet to come is none."""
    if isinstance(error, NoText):
        show_no_text()
    else:
        st.error(plain(str(error)))


def fragment(function: Callable, run_every: float | None = None) -> Callable:
    """A part of a page that runs again by itself, as `st.fragment` has it. What goes wrong there does not reach the
    page's own `except`: it is told in the part's place."""

    @wraps(function)
    def told(*args, **options):
        try:
            function(*args, **options)
        except (ValueError, LabError) as error:
            show_error(error)

    return st.fragment(told, run_every=run_every)


@partial(fragment, run_every=5)
def experiment_status(choices: Choices) -> None:
    """While an experiment of this visitor goes on: a line in the sidebar, on every page; it also renews its lease."""
    for name, offer in OFFERS.items():
        if not (experiment_id := getattr(choices, name)):
            continue
        server().lab.line.renew_lease(experiment_id, visitor())
        try:
            status = server().store.status(experiment_id)
        except StoreError as why:
            st.caption(plain(str(why)))
            return
        if status and status[0].active:
            more = "" if status[0] == Status.PAUSED else " It goes on while you read."
            st.caption(f"Your {offer.noun} is {status[0]}.{more}")
