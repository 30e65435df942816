"""Controls of a race that are more than one widget."""

import streamlit as st

from core.lab.experiments import MAX_BATCH_SIZES, MODEL_SIZES
from core.ui.choices import Choices, batch_sizes, widget_key
from core.ui.lab import server

USUAL_SIZES = tuple(2**k for k in range(10))
OWN = "own numbers"
DEVICE_NAMES = {"auto": "the fastest there is", "cpu": "CPU", "cuda": "CUDA (NVIDIA GPU)", "mps": "MPS (Apple GPU)"}


def choose_batch_sizes(choices: Choices, where) -> None:
    """Up to six batch sizes, the usual ones from the menu or any others typed in."""
    key = widget_key("batch_sizes")
    st.session_state[key] = [str(b) for b in choices.batch_sizes]
    where.multiselect(
        f"Batch sizes (up to {MAX_BATCH_SIZES})",
        [str(b) for b in sorted({*USUAL_SIZES, *choices.batch_sizes})],
        key=key,
        max_selections=MAX_BATCH_SIZES,
        accept_new_options=True,
        placeholder="Choose at least one",
        on_change=take_batch_sizes,
        args=(choices,),
    )


def take_batch_sizes(choices: Choices) -> None:
    """What was chosen, if it can race; otherwise the last good ones stand, and a sentence says why."""
    try:
        choices.set(batch_sizes=batch_sizes(",".join(st.session_state[widget_key("batch_sizes")])))
    except ValueError as error:
        why = "batch sizes are whole numbers, and there must be one" if "literal" in str(error) else str(error)
        choices.tell(f"Those batch sizes cannot race: {why}. The ones from before stand.")


def choose_model(choices: Choices) -> None:
    """Three presets; the numbers themselves stand under it and may be changed."""
    numbers = (choices.n_layer, choices.n_head, choices.n_embd)
    names = [*MODEL_SIZES, OWN]
    now = next((name for name, size in MODEL_SIZES.items() if size == numbers), OWN)
    key = widget_key("model")
    st.session_state[key] = now
    st.selectbox("Model size", names, key=key, on_change=take_model, args=(choices,))


def take_model(choices: Choices) -> None:
    chosen = st.session_state[widget_key("model")]
    if chosen in MODEL_SIZES:
        layers, heads, channels = MODEL_SIZES[chosen]
        choices.set(n_layer=layers, n_head=heads, n_embd=channels)


def choose_device(choices: Choices) -> None:
    """The devices that the worker has found, on most machines one; while it is starting, the choice is its own."""
    found = server().lab.devices
    devices = ("auto", *found["devices"]) if found else ("auto",)
    if choices.device not in devices:
        choices.set(device="auto")
    choices.select("device", "Device", devices, format_func=DEVICE_NAMES.get)
