"""The one lab of this server: its store and its workers."""

import contextlib
import gc
import os
import threading
from pathlib import Path

import streamlit as st

from core.corpus import Corpus, build_corpus
from core.lab.cluster import Lab
from core.lab.database import VARIABLE
from core.lab.store import Store

DATABASE = Path(__file__).parents[2] / "batchscope.db"


class Server:
    """What all sessions of this process share."""

    def __init__(self):
        self.store = Store(os.environ.get(VARIABLE) or f"sqlite:///{DATABASE}")
        self.lab = Lab(self.store)


@st.cache_resource(show_spinner=False)
def server() -> Server:
    """Made once; its workers load torch in the background while the first page is already on the screen."""
    shared = Server()
    threading.Thread(target=warm_up, args=(shared,), name="batchscope-warm-up", daemon=True).start()
    return shared


def warm_up(shared: Server) -> None:
    for begin in (shared.store.forget_old, shared.lab.warm_up):
        with contextlib.suppress(Exception):  # who needs it tries again, and reads why it cannot be used
            begin()
    gc.collect()
    gc.freeze()  # what is imported by now need not be looked through at every collection


@st.cache_resource(show_spinner="Reading the text …", max_entries=24)
def cached_corpus(text: str, tokenizer: str, val_fraction: float) -> Corpus:
    return build_corpus(text, tokenizer, val_fraction)
