"""A page's link, with the visitor's settings; and, for a teacher, the page prepared for those who open it."""

import streamlit as st

from core.experiments.registry import OFFERS
from core.settings.declared import PREPARABLE, SETTINGS
from core.settings.limits import MAX_NOTE
from core.settings.values import Settings
from core.ui.address import link
from core.ui.choices import PAGE, Choices
from core.ui.guess import asks

HELP = "A link to this page, with your settings."
OWN_RUNS = "It also leads to what you have run, and to the text that it read."
OWN_TEXT = "Your own text is not in it: whoever opens it is asked for theirs."
CLASS = "Your class is not in it: its desk has links of its own."
GUESS_HELP = "Your note is the question, if you write one; otherwise the page's own is asked."
PREPARING = "share_"  # begins the keys of what is being prepared
AS_PREPARED = "It is prepared as this page is. To prepare it in another way, use the page freely first."


def share(choices: Choices) -> None:
    """Made only while it is open. What is being prepared is in the link, and not yet on this page."""
    hold()
    with st.popover("Copy link", icon=":material/link:", help=HELP, key="share", on_change="rerun") as opened:
        if not opened.open:
            return
        st.markdown("**A link to this page, with your settings**")
        place = st.container()
        prepared = {} if choices.settings.prepared else prepare(choices)
        with place:
            st.code(link(**choices.settings.for_others(**prepared).to_url()), language=None, wrap_lines=True)
            for sentence in link_sentences(choices.settings):
                st.caption(sentence)


def hold() -> None:
    """Keep what is being prepared, on every page, also while its widgets are not drawn."""
    for key in [key for key in st.session_state if str(key).startswith(PREPARING)]:
        st.session_state[key] = st.session_state[key]


def key_of(name: str) -> str:
    """Of a widget for what is being prepared on this page."""
    return f"{PREPARING}{name}_{st.session_state.get(PAGE)}"


def prepare(choices: Choices) -> dict:
    """What the teacher prepares, as settings."""
    labels = {name: label for name, label in choices.drawn().items() if name in PREPARABLE.values()}
    with st.expander("Prepare it for a class", icon=":material/co_present:"):
        lock = choose(labels, "Lock: shown, as it is", "lock")
        hide = choose(labels, "Hide: not shown", "hide")
        note = st.text_input("A note, in one line", max_chars=MAX_NOTE, key=key_of("note"))
        guess_first = asks() and st.checkbox("No results before a guess", key=key_of("guess"), help=GUESS_HELP)
        present = st.checkbox("Presenter's view", key=key_of("present"))
    return {
        "lock": tuple(lock),
        "hide": tuple(hide),
        "note": SETTINGS["note"].read(note),
        "guess_first": int(guess_first),
        "present": int(present),
    }


def choose(labels: dict[str, str], label: str, name: str) -> list[str]:
    """Some of the page's settings; all, by the menu's first line."""
    return st.multiselect(
        label,
        list(labels),
        format_func=lambda each: labels.get(each, each),
        key=key_of(name),
        placeholder="None",
        disabled=not labels,
    )


def link_sentences(settings: Settings) -> list[str]:
    """What a link for others carries, where that is not plain.

    >>> link_sentences(Settings(source="pasted"))
    ['Your own text is not in it: whoever opens it is asked for theirs.']
    """
    said = []
    if any(getattr(settings, name) for name in OFFERS):
        said.append(OWN_RUNS)
    elif "pasted" in (settings.source, settings.documents):
        said.append(OWN_TEXT)
    if settings.class_code or settings.class_role:
        said.append(CLASS)
    return [*said, AS_PREPARED] if settings.prepared else said
