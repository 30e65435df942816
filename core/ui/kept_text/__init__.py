"""A pasted text, kept by the visitor's own browser tab, so that a reload, which is a new session, does not lose it.

It stands in the tab's `sessionStorage`: no other tab sees it, no address holds it, and it goes when the tab is closed.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

component = st.components.v2.component(
    "kept_text", js=(Path(__file__).parent / "kept_text.js").read_text(encoding="utf-8")
)
ASKING, KEEPING = "kept_text_asking", "kept_text_keeping"


def ask_for_kept_text(take: Callable[[str], None]) -> None:
    """Ask the tab for its text. If it has one, `take` gets it, and the page runs again."""
    component(data={"ask": True}, key=ASKING, on_text_change=lambda: take(st.session_state[ASKING]["text"]))


def keep_text(text: str | None) -> None:
    """Have the tab keep this text, or none for ""; None leaves what it has."""
    component(data={"keep": text}, key=KEEPING)
