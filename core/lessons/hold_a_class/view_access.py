"""Who this visitor is in a class: what their secret opens, and where it is kept."""

import segno
import streamlit as st

from core.classroom.classes import Desk, Seat
from core.classroom.made_up import read_code
from core.classroom.state import ClassState
from core.ui.address import link
from core.ui.choices import Choices
from core.ui.kept import ask_for_kept, keep
from core.ui.lab import server

SECRETS = {"desk": "_class_desk", "seat": "_class_seat"}  # in the session, by role
NAMES = {"desk": "batchscope-desk", "seat": "batchscope-seat"}  # in the browser
FOUND = "_class_found"  # in the session: ids of classes, by their codes
TOO_MANY = "Too many wrong codes were tried. Wait a minute, then try again."


def remember(role: str, secret: str) -> None:
    """This browser opens the desk, or the seat, from now on."""
    st.session_state[SECRETS[role]] = secret


def kept_secret(role: str) -> str:
    """This session's, which the browser keeps; or else the one that it has kept, once it answers."""
    secret = st.session_state.get(SECRETS[role])
    if secret is None:
        ask_for_kept(NAMES[role], lambda kept: remember(role, kept), lasting=True)
        return ""
    keep(NAMES[role], secret, lasting=True)
    return secret


def forget(role: str) -> None:
    st.session_state[SECRETS[role]] = ""


def desk_of(choices: Choices) -> Desk | None:
    """The desk that the teacher's link opens, or that this browser has. The secret leaves the address at once."""
    if choices.desk_secret:
        remember("desk", choices.desk_secret)
        choices.set(desk_secret="", class_role="desk")
    secret = kept_secret("desk")
    return server().classes.desk(secret) if secret else None


def seat_in(class_id: str) -> Seat | None:
    """This browser's seat in that class."""
    secret = kept_secret("seat")
    seat = server().classes.seat(secret) if secret else None
    return seat if seat and seat.class_id == class_id else None


def class_of(choices: Choices) -> ClassState | None:
    """The class whose code is in the address. One that is not there is reported, and forgotten. Wrong codes count; who
    has been in a class once is not kept out by those that others try."""
    if not choices.class_code:
        return None
    code, found = read_code(choices.class_code), st.session_state.setdefault(FOUND, {})
    if code not in found:
        tries, place = server().tries, st.context.ip_address or ""
        if not tries.allowed(place):
            st.warning(TOO_MANY)
            return None
        if class_id := server().classes.find(code) if code else None:
            found[code] = class_id
        else:
            tries.count_wrong(place)
    state = server().classes.look(found[code]) if code in found else None
    if state is None:
        choices.set(class_code="", class_role="")
        st.warning("There is no class with that code. It may have ended, or have been mistyped.")
    return state


def desk_link() -> str:
    """The teacher's own, with the secret."""
    return link(desk_secret=st.session_state[SECRETS["desk"]])


def qr_code(address: str, does: str) -> str:
    """Of a link that does so. Black on white in either theme: a camera knows no other."""
    drawn = segno.make(address, error="m").svg_data_uri(scale=8, border=3, light="#FFFFFF", dark="#000000")
    return f'<img alt="QR code of the link that {does}" style="width:min(26rem,100%)" src="{drawn}">'
