"""Controls that are more than one widget, and that pages share."""

from collections.abc import Iterable

import streamlit as st

from core.settings.declared import SETTINGS
from core.settings.limits import MAX_BLOCK_SIZE, MAX_CHANNELS, MAX_LAYERS, MODEL_SIZES
from core.ui.choices import Choices, widget_key
from core.ui.lab import server
from core.ui.texts import choose_text

USUAL_SIZES = tuple(2**k for k in range(10))
OWN = "own numbers"
TARGET_NAMES = {"even": "all T of each window", "uneven": "1 to T of each, as answers have"}
DEVICE_NAMES = {"auto": "the fastest there is", "cpu": "CPU", "cuda": "CUDA (NVIDIA GPU)", "mps": "MPS (Apple GPU)"}


def choose_numbers(choices: Choices, name: str, label: str, usual: Iterable[float], at_most: int, where=st) -> None:
    """Some numbers, the usual ones from the menu or any others typed in."""
    key, now = widget_key(name), getattr(choices, name)
    st.session_state[key] = [f"{value:.12g}" for value in now]
    where.multiselect(
        label,
        [f"{value:.12g}" for value in sorted({*usual, *now})],
        key=key,
        max_selections=at_most,
        accept_new_options=True,
        placeholder="Choose at least one",
        on_change=take_numbers,
        args=(choices, name, label),
    )


def take_numbers(choices: Choices, name: str, label: str) -> None:
    """What was chosen, if it can be; otherwise the last good ones stand, and a sentence says why."""
    try:
        choices.set(**{name: SETTINGS[name].read(",".join(st.session_state[widget_key(name)]))})
    except ValueError as error:
        why = "that is no number" if "literal" in str(error) or "convert" in str(error) else str(error)
        choices.tell(f"“{label}” cannot be that: {why}. The ones from before stand.")


def choose_model(choices: Choices) -> None:
    """Three presets; the numbers themselves stand under it and may be changed."""
    numbers = (choices.n_layer, choices.n_head, choices.n_embd)
    names = [*MODEL_SIZES, OWN]
    now = next((name for name, size in MODEL_SIZES.items() if size == numbers), OWN)
    key = widget_key("model")
    st.session_state[key] = now
    st.selectbox("Model size", names, key=key, on_change=take_model, args=(choices,))
    choices.number("n_layer", "Layers", 1, MAX_LAYERS)
    choices.number("n_head", "Heads", 1, 32)
    choices.number("n_embd", "Channels", 4, MAX_CHANNELS)


def take_model(choices: Choices) -> None:
    chosen = st.session_state[widget_key("model")]
    if chosen in MODEL_SIZES:
        layers, heads, channels = MODEL_SIZES[chosen]
        choices.set(n_layer=layers, n_head=heads, n_embd=channels)


def choose_text_and_model(choices: Choices, left, middle) -> None:
    """Two columns: the text and its windows, the model and its size."""
    with left:
        choose_text(choices)
        choices.number("block_size", "Block size T (tokens)", 1, MAX_BLOCK_SIZE)
    with middle:
        choose_model(choices)


def choose_device(choices: Choices) -> None:
    """The devices that the worker has found, on most machines one. While it is starting, what was chosen stands: if it
    turns out not to be there, a start says so."""
    machine = server().lab.machine
    devices = ("auto", *machine.devices) if machine else tuple(dict.fromkeys(("auto", choices.device)))
    if choices.device not in devices:
        st.warning(f"This machine has no {DEVICE_NAMES[choices.device]}: “{DEVICE_NAMES['auto']}” is used.")
        choices.set(device="auto")
    choices.select("device", "Device", devices, format_func=DEVICE_NAMES.get)
