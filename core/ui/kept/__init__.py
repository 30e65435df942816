"""What the visitor's own browser keeps, so that a reload, which is a new session, does not lose it.

It stands in the tab's `sessionStorage`, where no other tab sees it, and goes when the tab is closed; what is lasting,
in the browser's `localStorage`. No address holds it.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

component = st.components.v2.component("kept", js=(Path(__file__).parent / "kept.js").read_text(encoding="utf-8"))


def ask_for_kept(name: str, take: Callable[[str], None], lasting: bool = False) -> None:
    """Ask the browser for what it has kept by that name. If there is something, `take` gets it, and the page runs
    again."""
    key = f"asking_{name}"
    data = {"name": name, "lasting": lasting, "ask": True}
    component(data=data, key=key, on_text_change=lambda: take(st.session_state[key]["text"]))


def keep(name: str, text: str | None, lasting: bool = False) -> None:
    """Have the browser keep this, or nothing for ""; None leaves what it has."""
    component(data={"name": name, "lasting": lasting, "keep": text}, key=f"keeping_{name}")
