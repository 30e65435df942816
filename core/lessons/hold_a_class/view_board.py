"""The board: what the class sees together. It steers nothing, and shows nobody's answer by name."""

import streamlit as st

from core.classroom.phase import Phase
from core.classroom.state import ClassState
from core.lessons.hold_a_class.view import follow, follow_measurement, settled, show_how_far
from core.lessons.hold_a_class.view_access import qr_code
from core.lessons.hold_a_class.view_charts import draw_measured, show_answers
from core.lessons.hold_a_class.words import answered_sentence, measured_sentence, members_sentence, share_sentence
from core.ui.address import link
from core.ui.page import plain, show_answer


def show_board(state: ClassState) -> None:
    with st.container(key="class_board"):
        show_phase(state)


def show_phase(state: ClassState) -> None:
    if state.round is None:
        show_way_in(state)
        follow(state, show_members)
        return
    st.subheader(plain(state.round.activity.question), anchor=False)
    if state.phase.takes_answers:
        follow(state, show_count)
        return
    draw = {Phase.DISCUSS: show_first, Phase.MEASURE: show_measurement, Phase.COMPARE: show_comparison}
    follow_measurement(state, draw[state.phase])


def show_way_in(state: ClassState) -> None:
    """The code and the QR code, for the last row."""
    address = link(class_code=state.code)
    code, picture = st.columns([1.4, 1], vertical_alignment="center")
    with code:
        st.markdown("Join the class with the code")
        st.html(
            f'<p style="font-size:clamp(3rem,9vw,8rem);font-weight:700;letter-spacing:.12em;margin:0">{state.code}</p>'
        )
        st.markdown(f"under {plain(address.partition('?')[0])}")
    picture.html(qr_code(address, "joins the class"))


def show_members(state: ClassState) -> None:
    st.markdown(members_sentence(state))
    st.markdown(" · ".join(plain(member.name) for member in state.members if not member.hidden))


def show_count(state: ClassState) -> None:
    st.html(f'<p style="font-size:clamp(2rem,5vw,4.5rem);font-weight:700;margin:1rem 0">{answered_sentence(state)}</p>')
    st.caption(f"Code to join: {state.code}")


def show_first(state: ClassState) -> None:
    show_answers(state, (Phase.PREDICT,))
    st.markdown("Talk to somebody who answered something else: why do they think so?")


def show_measurement(state: ClassState) -> None:
    assert state.round
    if not (found := settled(state)):
        st.markdown(f"The measurement has not begun. {share_sentence(state.round.activity)}")
        return
    show_how_far(state)
    show_answer(measured_sentence(state.round.activity, found[1]))
    draw_measured(state.round.activity, *found)


def show_comparison(state: ClassState) -> None:
    assert state.round
    activity, found = state.round.activity, settled(state)
    if found:
        show_answer(measured_sentence(activity, found[1]))
    show_answers(state, (Phase.PREDICT, Phase.AGAIN), found[1] if found else None)
    st.markdown(" ".join(activity.why))
