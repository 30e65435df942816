"""A page that somebody has prepared for whoever opens their link: what it says of that, and the way out of it."""

import streamlit as st

from core.charts import counted
from core.settings.declared import PREPARED, SETTINGS
from core.settings.values import Settings
from core.ui.choices import Choices
from core.ui.sentences import plain

NAMED = 4  # locked settings that are called by their names; of more, it says how many


def show_prepared(choices: Choices) -> None:
    """Nothing on a page that is as it always is."""
    if not choices.settings.prepared:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="prepared"):
        st.markdown(prepared_sentence(choices.settings), width="content")
        st.button("Use the page freely", icon=":material/lock_open:", key="free", on_click=free, args=(choices,))
    if choices.note:
        st.info(plain(choices.note), icon=":material/edit_note:")


def free(choices: Choices) -> None:
    """The pages as they always are; the settings stay."""
    choices.correct(**{setting.name: setting.default for setting in PREPARED})


def prepared_sentence(settings: Settings) -> str:
    """
    >>> prepared_sentence(Settings(lock=("block_size", "learning_rate"), hide=("seed",)))
    'Somebody prepared this page for you. Locked: Block size T, Learning rate. Hidden: 1 setting.'
    """
    locked = [SETTINGS[name].label.split(" (")[0] for name in settings.lock if name not in settings.hide]
    parts = {
        "Locked": ", ".join(locked) if len(locked) <= NAMED else counted(len(locked), "setting"),
        "Hidden": counted(len(settings.hide), "setting") if settings.hide else "",
    }
    said = "".join(f" {kind}: {what}." for kind, what in parts.items() if what)
    return f"Somebody prepared this page for you.{said}"
