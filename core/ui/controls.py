"""The buttons of an experiment on a page, and how far it is."""

import time
from collections.abc import Callable

import streamlit as st

from core import charts
from core.experiments.registry import OFFERS
from core.lab.cluster import LabError
from core.lab.store import Experiment, Status
from core.ui.choices import Choices
from core.ui.lab import server
from core.ui.page import plain, show_error
from core.ui.texts import current_text


def controls(choices: Choices, name: str, label: str, experiment: Experiment | None) -> bool:
    """Start; while it goes on, pause or resume, and stop. Each says in a sentence why it could not. False where a
    database that cannot be used takes their place."""
    try:
        server().store.check()
        if experiment and experiment.active and experiment.here:
            pause_and_stop(name, experiment)
            return True
    except LabError as error:
        show_error(error)
        return False
    if experiment and experiment.active:
        st.caption("This run belongs to another server on the same database. Only that one can stop it.")
    icon = ":material/play_arrow:"
    if st.button(label, type="primary", icon=icon, key=f"{name}_start", width="stretch"):
        submit(choices, name)
    return True


def pause_and_stop(name: str, experiment: Experiment) -> None:
    """Raises LabError, with a sentence."""
    pause, stop = st.columns(2)
    status, lab = experiment.status, server().lab
    paused = status == Status.PAUSED
    again, icon = ("Resume", ":material/resume:") if paused else ("Pause", ":material/pause:")
    waits = status == Status.WAITING
    if pause.button(again, disabled=waits, icon=icon, key=f"{name}_pause", width="stretch"):
        (lab.resume if paused else lab.pause)(experiment.id)
        wait_for(experiment.id, lambda now: now != status)
        st.rerun()
    if stop.button("Stop", icon=":material/stop:", key=f"{name}_stop", width="stretch"):
        lab.stop(experiment.id)
        wait_for(experiment.id, lambda now: not now.active)
        st.rerun()


def submit(choices: Choices, name: str, then: Callable = st.rerun) -> None:
    """Start the experiment that the choices describe; `then` shows it."""
    try:
        with st.spinner("Starting …"):
            experiment_id = server().lab.submit(OFFERS[name].of(choices.settings, current_text(choices)))
            choices.set(**{name: experiment_id})
            if not server().store.num_ahead(experiment_id):
                wait_for(experiment_id, lambda now: now != Status.WAITING)
    except (ValueError, LabError) as error:
        show_error(error)
        return
    choices.write_url()
    then()


def wait_for(experiment_id: str, reached: Callable[[Status], bool], seconds: float = 2.0) -> None:
    """Wait, not long, for a status: what was clicked should show at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = server().store.status(experiment_id)
        if now is None or reached(now[0]):
            return
        time.sleep(0.02)


def show_progress(
    experiment_id: str, status: Status, sentence: str, share: float, done: str, seconds_left: float | None
) -> None:
    """The bar, and what it says: `done` is how far it is, in words."""
    if status == Status.WAITING:
        ahead = server().store.num_ahead(experiment_id)
        place = f"{charts.counted(ahead, 'experiment')} ahead of it" if ahead else "the worker is getting ready"
        label = f"Waiting in line: {place}."
    elif status == Status.RUNNING:
        label = f"Running: {done}, {charts.format_time_left(seconds_left)}."
    elif status == Status.PAUSED:
        label = f"Paused at {done}."
    else:
        label = f"{status.capitalize()}: {done}. {plain(sentence)}"
    st.progress(share, text=label)
