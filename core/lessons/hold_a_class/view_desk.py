"""The desk: the teacher's page. It steers the class; the board shows none of it."""

from typing import Literal

import pandas as pd
import streamlit as st

from core.classroom.activities import BY_NAME, own
from core.classroom.classes import Desk
from core.classroom.measurement import measurement_of
from core.classroom.phase import Phase
from core.classroom.state import ClassState, Round
from core.lab.cluster import LabError
from core.lessons.hold_a_class.view import follow, follow_measurement, measured, settled, show_how_far, show_way_to_race
from core.lessons.hold_a_class.view_access import desk_link, forget, qr_code
from core.lessons.hold_a_class.view_charts import draw_measured, show_answers
from core.lessons.hold_a_class.words import (
    NEXT_STEP,
    answered_sentence,
    measured_sentence,
    members_sentence,
    minutes_sentence,
    reachable_sentence,
    size_sentence,
)
from core.ui.address import host, link, own_address
from core.ui.choices import Choices
from core.ui.lab import server
from core.ui.page import plain, show_error


def show_desk(choices: Choices, state: ClassState, desk: Desk) -> None:
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        show_activity(state, desk)
    with right:
        show_links(state)
        follow_members(state, desk)
        show_end(choices, desk)


# ---- the activity


def show_activity(state: ClassState, desk: Desk) -> None:
    if state.round is None:
        choose_activity(desk)
        return
    activity = state.round.activity
    st.subheader(plain(activity.title), anchor=False)
    st.markdown(plain(activity.question))
    show_steps(state, desk)
    if state.phase == Phase.MEASURE:
        show_start(state, desk, state.round)
    if state.phase.takes_answers:
        follow(state, show_now)
    else:
        follow_measurement(state, show_now)
    if state.phase == Phase.COMPARE:
        show_way_to_race(state)


def choose_activity(desk: Desk) -> None:
    """A prepared activity, or the teacher's own question."""
    st.subheader("Choose an activity", anchor=False)
    name = st.radio(
        "Activity",
        BY_NAME,
        format_func=lambda each: f"{BY_NAME[each].title} ({minutes_sentence(BY_NAME[each])})",
        label_visibility="collapsed",
        key="class_activity",
    )
    st.markdown(f"The question: {plain(BY_NAME[name].question)}")
    if st.button("Begin", type="primary", icon=":material/play_arrow:", key="class_begin"):
        desk.begin(BY_NAME[name])
        st.rerun()
    with st.expander("A question of your own"), st.form("class_own", border=False):
        question = st.text_input("Question", max_chars=200)
        options = st.text_area("Answers to choose from, one a line", height=110, max_chars=600)
        if st.form_submit_button("Begin with it"):
            try:
                desk.begin(own(question, options.splitlines()))
            except ValueError as error:
                show_error(error)
                return
            st.rerun()


def show_steps(state: ClassState, desk: Desk) -> None:
    """On, and back."""
    with st.container(horizontal=True):
        if state.phase != Phase.PREDICT and st.button("Back", icon=":material/arrow_back:", key="class_back"):
            desk.move(state.phase, state.phase.before)
            st.rerun()
        type: Literal["primary", "secondary"] = "secondary" if state.phase == Phase.MEASURE else "primary"
        if st.button(NEXT_STEP[state.phase], type=type, icon=":material/arrow_forward:", key="class_next"):
            desk.move(state.phase, state.phase.next)
            st.rerun()


def show_start(state: ClassState, desk: Desk, current: Round) -> None:
    """The measurement is held back until the teacher starts it; one that failed or was stopped can be started again."""
    found, noun = measured(state), current.activity.measurement
    if found and found[1].active:
        if st.button(f"Stop the {noun}", icon=":material/stop:", key="class_stop"):
            server().lab.stop(current.experiment_id)
            st.rerun()
        return
    label = f"Start the {noun}" if found is None else "Measure once more"
    if st.button(label, type="primary", icon=":material/flag:", key="class_start"):
        try:
            with st.spinner("Finding out how much fits into a minute …"):
                experiment = measurement_of(server().lab, current.activity, len(state.members))
                desk.measure(current.number, server().lab.submit(experiment))
        except (ValueError, LabError) as error:
            show_error(error)
            return
        st.rerun()


def show_now(state: ClassState) -> None:
    """What goes on: how many have answered, how they did, what is measured."""
    assert state.round
    activity = state.round.activity
    if state.phase.takes_answers:
        st.markdown(f"**{answered_sentence(state)}.**")
        return
    found = settled(state)
    if found:
        if state.phase == Phase.MEASURE:
            show_how_far(state)
            st.caption(size_sentence(found[0].spec))
        st.markdown(measured_sentence(activity, found[1]))
    if state.phase == Phase.COMPARE:
        st.markdown(" ".join(activity.why))
    if state.phase in (Phase.DISCUSS, Phase.COMPARE):
        phases = (Phase.PREDICT,) if state.phase == Phase.DISCUSS else (Phase.PREDICT, Phase.AGAIN)
        show_answers(state, phases, found[1] if found else None)
    if found:
        draw_measured(activity, *found)


# ---- the class


def show_links(state: ClassState) -> None:
    st.subheader(f"Class {state.code}", anchor=False)
    student = link(class_code=state.code)
    board = link(class_code=state.code, class_role="board", present="1")
    st.markdown(f"[For students]({student}) · [Board]({board})")
    st.code(student, language=None, wrap_lines=True)
    if note := reachable_sentence(host(), own_address()):
        st.caption(note)
    with st.popover("This desk on another device"):
        st.markdown("Whoever has this link can steer the class. Do not show it on the board.")
        st.code(desk_link(), language=None, wrap_lines=True)
        st.html(qr_code(desk_link(), "opens this desk"))


def follow_members(state: ClassState, desk: Desk) -> None:
    follow(state, show_members)
    if not state.members:
        return
    with st.popover("Hide a name"):
        st.markdown("A name and answers that are hidden are not on the board.")
        for member in state.members:
            if st.checkbox(plain(member.name), value=member.hidden, key=f"class_hide_{member.number}") != member.hidden:
                desk.hide(member.number, not member.hidden)
                st.rerun()


def show_members(state: ClassState) -> None:
    st.markdown(members_sentence(state))
    if not state.members:
        return
    table = {"name": [member.name + (" (hidden)" if member.hidden else "") for member in state.members]}
    if state.round:
        form = state.round.activity.form
        for phase, given in state.answers.items():
            table["first" if phase == Phase.PREDICT else "second"] = [
                form.shown(given[member.number]) if member.number in given else "–" for member in state.members
            ]
    st.dataframe(pd.DataFrame(table), hide_index=True, width="stretch", height=min(38 * len(state.members) + 40, 420))


def show_end(choices: Choices, desk: Desk) -> None:
    with st.popover("End the class"):
        st.markdown("Names and answers are deleted at once. What was measured is kept for a week.")
        if st.button("End it and delete them", type="primary", key="class_end"):
            desk.end()
            forget("desk")
            choices.set(class_code="", class_role="")
            st.rerun()
