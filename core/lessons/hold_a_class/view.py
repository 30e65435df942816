"""A class on a page: its door; the desk, the board or a seat, whichever this visitor has come for; and what all of them
have in common."""

from collections.abc import Callable
from urllib.parse import urlencode
from zlib import crc32

import streamlit as st

from core.classroom.activity import Settled
from core.classroom.classes import ClassError
from core.classroom.state import ClassState
from core.experiments.feed import Feed
from core.experiments.race.spec import RaceSpec
from core.experiments.results import Results
from core.lab.store import Status
from core.lessons.hold_a_class.words import WHAT_IS_KEPT
from core.settings.values import Settings
from core.ui.choices import Choices
from core.ui.controls import show_progress
from core.ui.experiment import feed_of, percent
from core.ui.lab import server, visitor
from core.ui.page import fragment, show_error

LOOK_SECONDS = 1.5  # a step of the teacher's is on every page within two
SPREAD_SECONDS = 0.3  # by which some look seldomer: after a step all look at once, and then less and less so
SEAT_SECONDS = 4.5  # of what a member sees of a race: thirty such pictures cost the race and the server too much


# ---- the door


def show_door(choices: Choices, state: ClassState | None, enter: Callable[[str, str], None]) -> None:
    """Join the class of the address, or that of a code; or open one. `enter` takes the role and its secret."""
    if state:
        st.markdown(f"This link leads to the class **{state.code}**.")
        if st.button("Join the class", type="primary", icon=":material/login:", key="class_join"):
            join(state.id, enter)
        if st.button("Show the board on this screen", icon=":material/co_present:", key="class_board_here"):
            choices.set(class_role="board", present=1)
            st.rerun()
        st.caption(WHAT_IS_KEPT)
        return
    join_side, open_side = st.columns(2, gap="large")
    with join_side:
        st.subheader("Join a class", anchor=False)
        with st.form("class_code_form", border=False):
            code = st.text_input("Code of the class", max_chars=12, placeholder="five letters")
            if st.form_submit_button("Join", type="primary", icon=":material/login:"):
                choices.set(
                    class_code="".join(c for c in code if c.isascii() and c.isalnum())[:12] or "-", class_role=""
                )
                st.rerun()
    with open_side:
        st.subheader("Teach one", anchor=False)
        st.markdown(
            "You get a code and a QR code for your students, a board for the projector, and a desk to steer from."
        )
        if st.button("Open a class", icon=":material/co_present:", key="class_open"):
            open_class(choices, enter)
    st.caption(WHAT_IS_KEPT)


def join(class_id: str, enter: Callable[[str, str], None]) -> None:
    try:
        enter("seat", server().classes.join(class_id))
    except ClassError as error:
        show_error(error)
        return
    st.rerun()


def open_class(choices: Choices, enter: Callable[[str, str], None]) -> None:
    try:
        code, secret = server().classes.open()
    except ClassError as error:
        show_error(error)
        return
    enter("desk", secret)
    choices.set(class_code=code, class_role="desk")
    st.rerun()


# ---- what desk, board and seat have in common


def where(state: ClassState) -> tuple:
    """What a page is made for: when it has changed, the page is made anew."""
    experiment_id = state.round.experiment_id if state.round else ""
    status = server().store.status(experiment_id) if experiment_id else None
    hidden = tuple(member.number for member in state.members if member.hidden)
    return state.phase, len(state.rounds), experiment_id, status is not None and status[0].active, hidden


def follow(state: ClassState, draw: Callable[[ClassState], None] | None = None) -> None:
    """Make the whole page anew where the class has moved; until then `draw(state)` again and again, if it is given."""
    share = crc32(visitor().encode()) % 16 / 16
    fragment(look_again, run_every=LOOK_SECONDS + share * SPREAD_SECONDS)(state.id, where(state), draw)


def look_again(class_id: str, shown: tuple, draw: Callable[[ClassState], None] | None) -> None:
    state = server().classes.look(class_id)
    if state is None or where(state) != shown:
        st.rerun()
    if draw:
        draw(state)


def follow_measurement(state: ClassState, draw: Callable[..., None], *arguments, seconds: float = LOOK_SECONDS) -> None:
    """`draw(*arguments, state)`, again and again while the measurement runs; otherwise once, for nothing changes."""
    found = measured(state)
    if found and found[1].active:
        fragment(draw_again, run_every=seconds)(state.id, draw, arguments)
    else:
        draw(*arguments, state)
    follow(state)


def draw_again(class_id: str, draw: Callable[..., None], arguments: tuple) -> None:
    if state := server().classes.look(class_id):
        draw(*arguments, state)


def measured(state: ClassState) -> tuple[Feed, Status, str] | None:
    """(feed, status, sentence) of what measures the activity that is on; None before it was begun, or where the
    database does not have it any more."""
    current = state.round
    if not (current and current.experiment_id):
        return None
    kept = known_experiment(current.experiment_id)
    status = server().store.status(current.experiment_id)
    if kept is None or status is None:
        return None
    server().lab.line.renew_lease(current.experiment_id, visitor())
    return feed_of(current.experiment_id, kept), *status


def settled(state: ClassState) -> tuple[Results, Settled] | None:
    """What has been measured so far, and what that says to the question."""
    found = measured(state)
    if found is None or state.round is None:
        return None
    results = found[0].look()
    return results, state.round.activity.settle(results)


def show_way_to_race(state: ClassState) -> None:
    """A link to the race's own page, where it can be looked into, taken away and run again. In another tab: this one
    stays in class."""
    found = measured(state)
    if found and state.round and isinstance(spec := found[0].spec, RaceSpec):
        settings = Settings(**state.round.activity.settings)
        settings.update(max_tokens=spec.train.max_tokens, race=state.round.experiment_id)
        st.markdown(f"[Look into the class's race](race_batch_sizes?{urlencode(settings.to_url())})")


def show_how_far(state: ClassState) -> None:
    """The measurement's progress, in a bar; its place in line; why it failed, if it did."""
    found = measured(state)
    if found and state.round:
        feed, status, sentence = found
        results = feed.look()
        share = 1.0 if status == Status.DONE else min(1.0, results.share)
        done, left = percent(results, share), feed.remaining_seconds()
        show_progress(state.round.experiment_id, status, sentence, share, done, left)


@st.cache_resource(max_entries=64, show_spinner=False)
def known_experiment(experiment_id: str) -> str | None:
    """Its settings, which never change."""
    kept = server().store.experiment(experiment_id)
    return kept and kept.settings
