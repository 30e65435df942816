"""The text at hand: a sample, pasted or uploaded. It lives in the session; a race keeps its own in the store."""

import contextlib

import streamlit as st

from core.corpus import Corpus, clean_text, decode_upload, samples
from core.experiments.race.offers import VAL_FRACTION
from core.experiments.registry import OFFERS
from core.lab.database import StoreError
from core.settings.limits import MAX_TEXT_CHARACTERS
from core.ui.choices import Choices
from core.ui.kept import ask_for_kept, keep
from core.ui.lab import cached_corpus, server
from core.ui.page_file import page_file
from core.ui.sentences import LINK_WITHOUT_TEXT, NO_TEXT_YET, own_text_sentence

PASTED, TAKEN, BOX, KEPT = "_pasted_text", "_taken_upload", "choice_pasted_text", "_kept_text"
TEXT_NAME = "batchscope-text"  # in the browser
LINKED, CHANGED, USE = "_linked_to_own_text", "_changed_in_text", "_use_text"


def pasted_text() -> str:
    return st.session_state.get(PASTED, "")


def restore_text(choices: Choices) -> None:
    """After a reload, a text that had been pasted is at hand again: that of an experiment in the URL, or else the one
    that the tab has kept."""
    asked = "pasted" in (choices.source, choices.documents)
    st.session_state.setdefault(LINKED, asked)  # in a session's first run, the address asks
    if not asked:
        return
    if PASTED not in st.session_state:
        with contextlib.suppress(StoreError):  # asked again in the next run
            st.session_state[PASTED] = text_of_experiment(choices)
    if not pasted_text() and KEPT not in st.session_state:
        ask_for_kept(TEXT_NAME, take_kept)


def text_of_experiment(choices: Choices) -> str:
    """Of the last one in the address; empty where there is none."""
    ids = filter(None, (getattr(choices, name) for name in OFFERS))
    kept = [experiment.text for each in ids if (experiment := server().store.experiment(each))]
    return kept[-1] if kept else ""


def take_kept(text: str) -> None:
    st.session_state[PASTED] = st.session_state[BOX] = st.session_state[KEPT] = usable(text)[0]


def choose_text(choices: Choices) -> None:
    """The menu of texts, and under it the field and the upload for one's own."""
    choices.select("source")
    if choices.source != "pasted":
        sample = samples()[choices.source]
        st.caption(f"{sample.description} {sample.licence}")
        return
    paste_box(choices)


def choose_own_text(choices: Choices) -> None:
    """On every page that reads a text: one text of the visitor's own, not one a page."""
    choices.set(source="pasted", documents="pasted")


def paste_box(choices: Choices) -> None:
    """The field and the upload for a text of one's own, and what is in use. What stands in the field is used when its
    button is pressed; an uploaded file at once."""
    place, below = st.container(), st.container()
    with below:
        take_upload(choices)
    if BOX not in st.session_state:
        st.session_state[BOX] = pasted_text()
    with place.form("own_text", border=False):
        st.text_area(
            "Paste a text",
            key=BOX,
            height=160,
            placeholder="Paste some text here: a page of a book, a song, some code …",
            help="It stays on this server, and in this tab until it is closed. Only an experiment keeps it, for a "
            "week, for those who have the experiment's address.",
        )
        st.form_submit_button("Use this text", key=USE, type="primary", on_click=take_field, args=(choices,))
    text = pasted_text()
    if text:
        place.caption(in_use(choices))
    else:
        (place.info if linked() else place.caption)(no_text_sentence())
    for note in st.session_state.pop(CHANGED, ()):
        place.info(note)
    known = st.session_state.get(KEPT, "")  # nothing pasted yet: the tab may still be asked
    keep(TEXT_NAME, text if text != known else None)
    if text != known:
        st.session_state[KEPT] = text


def take_field(choices: Choices) -> None:
    use(choices, st.session_state.get(BOX) or "")


def take_upload(choices: Choices) -> None:
    file = st.file_uploader("Or upload a .txt file (to 5 MB)", type=["txt", "md", "text"])
    if file is not None and st.session_state.get(TAKEN) != file.file_id:
        st.session_state[TAKEN] = file.file_id
        try:
            st.session_state[BOX] = decode_upload(file.getvalue())
        except ValueError as error:
            st.error(str(error))
        else:
            use(choices, st.session_state[BOX])


def use(choices: Choices, raw: str) -> None:
    """This is the visitor's own text from now on, on every page."""
    st.session_state[PASTED], st.session_state[CHANGED] = usable(raw)
    st.session_state[LINKED] = False
    if pasted_text():
        choose_own_text(choices)


def usable(raw: str) -> tuple[str, list[str]]:
    """The text as it can be used, and a sentence for each thing that was changed."""
    text, notes = clean_text(raw)
    if len(text) > MAX_TEXT_CHARACTERS:
        notes = [
            *notes,
            f"The text has {len(text):,} characters; at most {MAX_TEXT_CHARACTERS:,} can be used. The rest is cut off.",
        ]
    return text[:MAX_TEXT_CHARACTERS], notes


def in_use(choices: Choices) -> str:
    """How much text is in use; as tokens too, where they can be counted."""
    text = pasted_text()
    try:
        corpus = cached_corpus(text, choices.tokenizer, VAL_FRACTION)
    except ValueError:  # the page says why
        return own_text_sentence(len(text))
    return own_text_sentence(len(text), len(corpus.train_ids), len(corpus.val_ids), corpus.tokenizer.vocab_size)


def lacks_text(choices: Choices) -> bool:
    """Whether the visitor's own text is asked for, and there is none."""
    return choices.source == "pasted" and not pasted_text()


def linked() -> bool:
    """Whether the address that was opened asks for a text of one's own, and nothing was pasted since."""
    return st.session_state.get(LINKED, False)


def no_text_sentence() -> str:
    return LINK_WITHOUT_TEXT if linked() else NO_TEXT_YET


def show_no_text() -> None:
    """That there is no text, and where to paste one."""
    st.info(no_text_sentence())
    label = "Paste a text on **Make a batch**"
    st.page_link(page_file("pages/make_a_batch.py"), label=label, icon=":material/content_paste:")


def current_text(choices: Choices) -> str:
    return pasted_text() if choices.source == "pasted" else samples()[choices.source].text


def current_corpus(choices: Choices) -> Corpus:
    """The text at hand as a corpus. Raises ValueError, with a sentence, if it cannot serve."""
    return cached_corpus(current_text(choices), choices.tokenizer, VAL_FRACTION)
