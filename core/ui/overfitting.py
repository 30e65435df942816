"""The warning where a validation loss comes up again."""

from collections.abc import Mapping
from typing import Protocol

import streamlit as st

from core.measure.comparison import Overfit
from core.ui.sentences import overfitting_sentence


class HasText(Protocol):
    """The first message of an experiment that trains on a text."""

    @property
    def train_tokens(self) -> int: ...

    @property
    def vocab_size(self) -> int: ...


def show_overfitting(overfits: Mapping[str, Overfit], started: HasText | None) -> None:
    """A warning, where one is due. `overfits` by tokens, under the names of what is compared."""
    with st.container():  # always there, so that what follows keeps its place
        if started and (sentence := overfitting_sentence(overfits, started.train_tokens, started.vocab_size)):
            st.warning(sentence)
