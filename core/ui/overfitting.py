"""The warning where a validation loss comes up again."""

from collections.abc import Mapping

import streamlit as st

from core.experiments.messages import Message
from core.measure.comparison import Rise
from core.ui.sentences import overfitting_sentence


def show_overfitting(rises: Mapping[str, Rise], started: Message | None) -> None:
    """A warning, where one is due. `rises` by tokens, under the names of what is compared; `started`, the first
    message of the experiment."""
    with st.container():  # always there, so that what follows keeps its place
        if started and (sentence := overfitting_sentence(rises, started.train_tokens, started.vocab_size)):
            st.warning(sentence)
