"""The glossary: what the terms on these pages mean, each in a sentence or two."""

import streamlit as st

from core.ui.glossary import WORDS
from core.ui.page import open_page

open_page(
    "What do the words mean?",
    "The terms on these pages, each in a sentence or two, in the order in which the lessons need them. Use Ctrl+F to find a term.",
)
for title, words in WORDS.items():
    st.subheader(title, anchor=False)
    st.markdown("\n".join(f"- **{word}**: {meaning}" for word, meaning in words.items()))
