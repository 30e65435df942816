"""The presenter's view, for a projector: no menu, the picture first, and text that the last row can read."""

import streamlit as st

from core.ui.choices import STATE, Choices

# the smallest text, 0.875rem, has 22 px at 1920 and 18 at 1280, and so has what else is smaller: it reads --least; what
# a chart writes is set in `core.charts.enlarged`
LARGE = """<style>
html { font-size: clamp(20.6px, 1.3125vw, 40px) !important; --least: 0.875rem; }
[data-testid="stMainBlockContainer"] code { font-size: var(--least) !important; }
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] { display: none; }
[data-testid="stMainBlockContainer"] { padding: 1rem 2rem; max-width: none; }
</style>"""


def presenting() -> bool:
    """Whether this visitor has chosen it; `?present=1` in the address."""
    return STATE in st.session_state and bool(st.session_state[STATE].present)


def switch(choices: Choices) -> None:
    """The button that leads there, and back."""
    label, icon = ("Leave", ":material/close:") if choices.present else ("Present", ":material/slideshow:")
    help = None if choices.present else "For a projector: large text, no menu, the picture first."
    st.button(label, icon=icon, help=help, key="present", on_click=toggle, args=(choices,))


def toggle(choices: Choices) -> None:
    choices.set(present=1 - choices.present)
