"""Controls that are more than one widget, and that pages share."""

import streamlit as st

from core.settings.declared import DEVICES
from core.settings.limits import MODEL_SIZES
from core.ui.choices import Choices, widget_key
from core.ui.lab import server
from core.ui.texts import choose_text

OWN = "own numbers"


def choose_model(choices: Choices) -> None:
    """Three presets; the numbers themselves stand under it and may be changed."""
    numbers = (choices.n_layer, choices.n_head, choices.n_embd)
    names = [*MODEL_SIZES, OWN]
    now = next((name for name, size in MODEL_SIZES.items() if size == numbers), OWN)
    key = widget_key("model")
    st.session_state[key] = now
    st.selectbox("Model size", names, key=key, on_change=take_model, args=(choices,))
    choices.number("n_layer")
    choices.number("n_head")
    choices.number("n_embd")


def take_model(choices: Choices) -> None:
    chosen = st.session_state[widget_key("model")]
    if chosen in MODEL_SIZES:
        layers, heads, channels = MODEL_SIZES[chosen]
        choices.set(n_layer=layers, n_head=heads, n_embd=channels)


def choose_text_and_model(choices: Choices, left, middle) -> None:
    """Two columns: the text and its windows, the model and its size."""
    with left:
        choose_text(choices)
        choices.number("block_size", "Block size T (tokens)")
    with middle:
        choose_model(choices)


def choose_device(choices: Choices) -> None:
    """The devices that the worker has found, on most machines one. While it is starting, what was chosen stands: if it
    turns out not to be there, a start says so."""
    machine = server().lab.machine
    devices = ("auto", *machine.devices) if machine else tuple(dict.fromkeys(("auto", choices.device)))
    if choices.device not in devices:
        st.warning(f"This machine has no {DEVICES[choices.device]}: “{DEVICES['auto']}” is used.")
        choices.set(device="auto")
    choices.select("device", options=devices)
