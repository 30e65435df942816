"""Controls that are more than one widget, and that pages share."""

import streamlit as st

from core.settings.declared import DEVICES
from core.settings.limits import MODEL_SIZES
from core.ui.choices import Choices, widget_key
from core.ui.lab import server
from core.ui.texts import choose_text

OWN = "own numbers"
MODEL = ("n_layer", "n_head", "n_embd")


def choose_model(choices: Choices) -> None:
    """Three presets; the numbers themselves stand under it and may be changed."""
    numbers = tuple(getattr(choices, name) for name in MODEL)
    names = [*MODEL_SIZES, OWN]
    now = next((name for name, size in MODEL_SIZES.items() if size == numbers), OWN)
    if not any(name in choices.hide for name in MODEL):
        key, fixed = widget_key("model"), any(choices.fixed(name) for name in MODEL)
        st.session_state[key] = now
        st.selectbox("Model size", names, key=key, on_change=take_model, args=(choices,), disabled=fixed)
    for name in MODEL:
        choices.number(name)


def take_model(choices: Choices) -> None:
    chosen = st.session_state[widget_key("model")]
    if chosen in MODEL_SIZES:
        choices.set(**dict(zip(MODEL, MODEL_SIZES[chosen], strict=True)))


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
        choices.correct(device="auto")
    choices.select("device", options=devices)
