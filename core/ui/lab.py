"""The one lab of this server: its store and its workers."""

import contextlib
import ctypes
import gc
import threading
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import charts
from core.classroom.classes import Classes
from core.classroom.tries import Tries
from core.corpus import Corpus, build_corpus
from core.lab.cluster import Lab
from core.lab.database import database_url
from core.lab.store import Store

M_ARENA_MAX = -8  # in glibc's malloc.h


class Server:
    """What all sessions of this process share."""

    def __init__(self):
        self.store = Store(database_url())
        self.lab = Lab(self.store, is_there)
        self.classes, self.tries = Classes(self.store.database), Tries()
        self.lab.forgetting.append(self.classes.forget_old)


@st.cache_resource(show_spinner=False)
def server() -> Server:
    """Made once; its workers load torch in the background while the first page is already on the screen."""
    share_heaps()
    shared = Server()
    threading.Thread(target=warm_up, args=(shared,), name="batchscope-warm-up", daemon=True).start()
    return shared


def share_heaps() -> None:
    """Let the threads of all sessions share two heaps of the C library: each with its own keeps what only its largest
    page needed. Another C library does as it does."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def visitor() -> str:
    """This session, by a name that no other has."""
    session = get_script_run_ctx()
    return session.session_id if session else ""


def is_there(visitor: str) -> bool:
    """Whether that session's tab is open, also in the background."""
    return st.runtime.exists() and st.runtime.get_instance().is_active_session(visitor)


def ask_worker(function: str, *args, fresh: bool = False) -> Any:
    """A worker's answer, see `Lab.call`; while it takes long, how many questions are before it. Raises ValueError or
    LabError, with a sentence."""
    with st.spinner("Waiting for the worker …"):  # shown only if it takes half a second
        place = st.empty()

        def waiting(num_ahead: int) -> None:
            if num_ahead:
                place.caption(f"{charts.counted(num_ahead, 'question')} of other visitors before yours …")

        answer = server().lab.call(function, *args, fresh=fresh, waiting=waiting)
        place.empty()
    return answer


def warm_up(shared: Server) -> None:
    for begin in (*shared.lab.forgetting, shared.lab.warm_up):
        with contextlib.suppress(Exception):  # who needs it tries again, and reads why it cannot be used
            begin()
    gc.collect()
    gc.freeze()  # what is imported by now need not be looked through at every collection


@st.cache_resource(show_spinner="Reading the text …", max_entries=24)
def cached_corpus(text: str, tokenizer: str, val_fraction: float) -> Corpus:
    return build_corpus(text, tokenizer, val_fraction)
