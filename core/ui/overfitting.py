"""What is said where a validation loss comes up again: which batch size or order leads at the end is then no answer."""

import math
from collections.abc import Mapping

import streamlit as st

from core import charts
from core.experiments.messages import Message
from core.measure.comparison import Rise


def show_overfitting(rises: Mapping[str, Rise], started: Message | None) -> None:
    """A warning, where one is due. `rises` by tokens, under the names of what is compared; `started`, the first
    message of the experiment."""
    with st.container():  # always there, so that what follows keeps its place
        if started and (sentence := overfitting_sentence(rises, started.train_tokens, started.vocab_size)):
            st.warning(sentence)


def overfitting_sentence(rises: Mapping[str, Rise], train_tokens: int, vocab_size: int) -> str:
    """Empty where no loss has come up again, or the text has not been read once."""
    times_read = max((rise.last_at for rise in rises.values()), default=0.0) / train_tokens
    risen = [
        f"{name} from {rise.lowest:.2f} (after {charts.format_count(rise.lowest_at)} tokens) to {rise.last:.2f}"
        for name, rise in rises.items()
        if rise.matters
    ]
    if not risen or times_read <= 1:
        return ""
    read = charts.format_significant(times_read)
    lowest = ", ".join(f"{name} {rise.lowest:.2f}" for name, rise in rises.items())
    uniform = math.log(vocab_size)
    worse = (
        f" All of them now lie above ln V = {uniform:.2f}: a guess that knows nothing would do better."
        if min(rise.last for rise in rises.values()) > uniform
        else ""
    )
    return (
        f"**On new text the loss has come up again**, in every run: {'; '.join(risen)}.{worse} The lowest points: "
        f"{lowest}. Each run has read its text {read} times. Where the training loss still falls, the text is being "
        "learnt by heart, and who leads at the end has overfitted least, which is not to have learnt best: a longer "
        "text or a smaller budget makes a race of it."
    )
