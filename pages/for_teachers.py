"""For teachers: plans of a lesson, its activities, a worksheet, and what to know before a class."""

import streamlit as st

from core.lessons.for_teachers.sheets import sheet
from core.ui.page import open_page
from core.ui.sentences import unbroken

choices = open_page(
    "How do I teach a lesson about batches?",
    "A plan for 15 minutes and one for 45: what to click, to say and to ask, and what students usually answer.",
)
with st.container(horizontal=True, vertical_alignment="center"):
    choices.pills("sheet", label_visibility="collapsed", width="content")
    st.caption("Ctrl+P, or ⌘P on a Mac, prints it without menu and buttons.")
with st.container(key=f"sheet_{choices.sheet}"):
    shown, folded = sheet(choices.sheet)
    st.markdown(unbroken(shown))
    for title, text in folded.items():
        with st.expander(title):
            st.markdown(unbroken(text))
