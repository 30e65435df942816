"""A member's page: what to do now, an answer, and one's own seed in the race."""

import streamlit as st

from core.classroom.activity import Options, Scale
from core.classroom.classes import ClassError, Seat
from core.classroom.phase import Phase
from core.classroom.state import ClassState, Round
from core.experiments.race.results import RaceResults
from core.lessons.hold_a_class.view import (
    SEAT_SECONDS,
    follow,
    follow_measurement,
    settled,
    show_how_far,
    show_way_to_race,
)
from core.lessons.hold_a_class.view_charts import draw_losses, draw_measured, show_answers
from core.lessons.hold_a_class.words import do_now, measured_sentence, own_part_sentence, own_sentence
from core.ui.page import next_lesson, plain, show_answer, show_error


def show_seat(state: ClassState, seat: Seat) -> None:
    current = state.round
    show_name(state, seat)
    show_answer(do_now(state))
    if current is None:
        follow(state)
        return
    st.subheader(plain(current.activity.question), anchor=False)
    if state.phase.takes_answers:
        ask(state, seat, current)
        follow(state)
        return
    given = [state.answers[phase][seat.number] for phase in state.answers if seat.number in state.answers[phase]]
    st.markdown(plain(own_sentence(current.activity, given)))
    if state.phase == Phase.DISCUSS:
        follow(state)
        return
    draw = show_own if state.phase == Phase.MEASURE else show_comparison
    follow_measurement(state, draw, seat, seconds=SEAT_SECONDS)
    if state.phase == Phase.COMPARE:
        show_way_to_race(state)
        next_lesson(current.activity.page, "The lesson that goes further.")


def show_name(state: ClassState, seat: Seat) -> None:
    """Who one is in the class, and another name."""
    member = state.member(seat.number)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"You are **{plain(member.name)}** in the class {state.code}.")
        with st.popover("Another name"), st.form("class_name", border=False):
            name = st.text_input("Your name in this class", value=member.name, max_chars=40)
            if st.form_submit_button("Take it"):
                attempt(seat.rename, name)


def attempt(do, *values) -> None:
    """What a member does, and the page as it is then; a mistake is told in a sentence."""
    try:
        do(*values)
    except (ClassError, ValueError) as error:
        show_error(error)
        return
    st.rerun()


def ask(state: ClassState, seat: Seat, current: Round) -> None:
    """The field for an answer, with the one that was given last."""
    given = state.answers[state.phase].get(seat.number)
    form, key = current.activity.form, f"class_answer_{current.number}_{state.phase}"
    with st.form(f"{key}_form", border=False):
        value: float | None
        if isinstance(form, Scale):
            value = st.number_input(
                f"Your answer ({form.unit.strip()})",
                min_value=float(form.low),
                max_value=float(form.high),
                step=float(form.step),
                value=float(form.start) if given is None else given,
                format="%g",
                key=key,
            )
        else:
            assert isinstance(form, Options)
            value = st.radio(
                "Your answer",
                range(len(form.texts)),
                format_func=lambda place: plain(form.texts[place]),
                index=None if given is None else int(given),
                key=key,
            )
        if st.form_submit_button("Send" if given is None else "Change it", type="primary", icon=":material/send:"):
            if value is None:
                st.info("Choose one of the answers first.")
            else:
                attempt(seat.answer, current.number, state.phase, float(value))
    if given is not None:
        st.markdown(f"Your answer is in: **{plain(form.shown(given))}**. You can change it until the class moves on.")


def show_own(seat: Seat, state: ClassState) -> None:
    """What the class has so far, and one's own part in it."""
    assert state.round
    if not (found := settled(state)):
        st.caption("The measurement begins when your teacher starts it.")
        return
    show_how_far(state)
    results, says = found
    activity, place = state.round.activity, seat.number - 1
    st.markdown(measured_sentence(activity, says))
    if isinstance(results, RaceResults) and place in results.spec.train.seeds:
        draw_losses(results, place, f"your seed, {place}")
    if part := own_part_sentence(activity, results.spec, says, place):
        st.caption(part)
    draw_measured(activity, results, says, own=place)


def show_comparison(seat: Seat, state: ClassState) -> None:
    """Both rounds of answers, and what was measured."""
    assert state.round
    activity, found = state.round.activity, settled(state)
    if found:
        st.markdown(measured_sentence(activity, found[1]))
    st.markdown(" ".join(activity.why))
    show_answers(state, (Phase.PREDICT, Phase.AGAIN), found[1] if found else None)
    if found:
        draw_measured(activity, *found, own=seat.number - 1)
