"""The text at hand: a sample, pasted or uploaded. It lives in the session; a race keeps its own in the store."""

import streamlit as st

from core.corpus import Corpus, clean_text, decode_upload, samples
from core.experiments.race.offers import VAL_FRACTION
from core.experiments.registry import OFFERS
from core.settings.limits import MAX_TEXT_CHARACTERS
from core.ui.choices import Choices
from core.ui.kept_text import ask_for_kept_text, keep_text
from core.ui.lab import cached_corpus, server

PASTED, TAKEN, BOX, KEPT = "_pasted_text", "_taken_upload", "choice_pasted_text", "_kept_text"


def pasted_text() -> str:
    return st.session_state.get(PASTED, "")


def restore_text(choices: Choices) -> None:
    """After a reload, a text that had been pasted is at hand again: that of an experiment in the URL, or else the one
    that the tab has kept."""
    if "pasted" not in (choices.source, choices.documents):
        return
    if PASTED not in st.session_state:
        st.session_state[PASTED] = ""
        for experiment_id in filter(None, (getattr(choices, name) for name in OFFERS)):
            if experiment := server().store.experiment(experiment_id):
                st.session_state[PASTED] = experiment.text
    if not pasted_text() and KEPT not in st.session_state:
        ask_for_kept_text(take_kept)


def take_kept(text: str) -> None:
    st.session_state[PASTED] = st.session_state[BOX] = st.session_state[KEPT] = usable(text)[0]


def choose_text(choices: Choices) -> None:
    """The menu of texts, and under it the box and the upload for one's own."""
    choices.select("source")
    if choices.source != "pasted":
        sample = samples()[choices.source]
        st.caption(f"{sample.description} {sample.licence}")
        return
    paste_box()


def paste_box() -> None:
    """The upload and the box for a text of one's own."""
    file = st.file_uploader("Upload a .txt file (to 5 MB)", type=["txt", "md", "text"])
    if file is not None and st.session_state.get(TAKEN) != file.file_id:
        st.session_state[TAKEN] = file.file_id
        try:
            st.session_state[BOX] = decode_upload(file.getvalue())
        except ValueError as error:
            st.error(str(error))
    if BOX not in st.session_state:
        st.session_state[BOX] = pasted_text()
    raw = st.text_area(
        "Paste a text",
        key=BOX,
        height=160,
        placeholder="Paste some text here: a page of a book, a song, some code …",
        help="Press Ctrl+Enter (⌘+Enter on a Mac) to use it. It stays on this server, and in this tab until it is "
        "closed; only a race keeps it, a week, for those who have the race's address.",
    )
    text, notes = usable(raw or "")
    st.session_state[PASTED] = text
    for note in notes:
        st.info(note)
    known = st.session_state.get(KEPT, "")  # nothing pasted yet: the tab may still be asked
    keep_text(text if text != known else None)
    if text != known:
        st.session_state[KEPT] = text


def usable(raw: str) -> tuple[str, list[str]]:
    """The text as it can be used, and a sentence for each thing that was changed."""
    text, notes = clean_text(raw)
    if len(text) > MAX_TEXT_CHARACTERS:
        notes = [
            *notes,
            f"The text has {len(text):,} characters; at most {MAX_TEXT_CHARACTERS:,} can be used. The rest is cut off.",
        ]
    return text[:MAX_TEXT_CHARACTERS], notes


def current_text(choices: Choices) -> str:
    return pasted_text() if choices.source == "pasted" else samples()[choices.source].text


def current_corpus(choices: Choices) -> Corpus:
    """The text at hand as a corpus. Raises ValueError, with a sentence, if it cannot serve."""
    return cached_corpus(current_text(choices), choices.tokenizer, VAL_FRACTION)
