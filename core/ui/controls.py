"""The buttons of an experiment on a page, and how far it is."""

import contextlib
import time
from collections.abc import Callable

import streamlit as st

from core import charts
from core.experiments.registry import OFFERS
from core.lab.cluster import LabError
from core.lab.database import StoreError
from core.lab.store import Experiment, Status
from core.ui.choices import Choices
from core.ui.lab import server, visitor
from core.ui.page import plain, show_error
from core.ui.texts import current_text

CONTINUE_HELP = "It goes on from its last checkpoint. On the same machine its losses are those that it would have had."
SHARED_HELP = "Others started the same experiment and watch it, so you can leave it, but not stop or pause it."


def controls(choices: Choices, name: str, label: str, experiment: Experiment | None) -> bool:
    """Start; while it goes on, pause or resume, and stop. Each says in a sentence why it could not. False where a
    database that cannot be used takes their place."""
    try:
        server().store.check()
        if experiment and experiment.active and experiment.here:
            pause_and_stop(choices, name, experiment)
            return True
    except LabError as error:
        show_error(error)
        return False
    if experiment and experiment.active:
        st.caption("This run belongs to another server on the same database. Only that one can stop it.")
    icon = ":material/play_arrow:"
    if st.button(label, type="primary", icon=icon, key=f"{name}_start", width="stretch"):
        submit(choices, name)
    if experiment and can_go_on(experiment):
        icon = ":material/resume:"
        if st.button("Continue", icon=icon, key=f"{name}_continue", width="stretch", help=CONTINUE_HELP):
            go_on(experiment)
    return True


def can_go_on(experiment: Experiment) -> bool:
    """Whether it was cut off, or stopped, after a checkpoint."""
    if experiment.active or experiment.status == Status.DONE:
        return False
    with contextlib.suppress(StoreError):
        return bool(server().store.checkpoints(experiment.id, at_most=1))
    return False


def go_on(experiment: Experiment) -> None:
    try:
        with st.spinner("Starting …"):
            server().lab.go_on(experiment.id, visitor())
            wait_for(experiment.id, lambda now: now != Status.WAITING)
    except (ValueError, OSError, LabError) as error:
        show_error(error if not isinstance(error, OSError) else LabError("Its checkpoint cannot be read now."))
        return
    st.rerun()


def pause_and_stop(choices: Choices, name: str, experiment: Experiment) -> None:
    """What others who are there have started too can only be left. Raises LabError, with a sentence."""
    lab, status = server().lab, experiment.status
    if lab.line.shared(experiment.id, visitor()):
        if st.button("Leave", icon=":material/logout:", key=f"{name}_leave", width="stretch", help=SHARED_HELP):
            lab.line.leave(experiment.id, visitor())
            choices.set(**{name: ""})
            st.rerun()
        return
    pause, stop = st.columns(2)
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
            lab, spec = server().lab, OFFERS[name].of(choices.settings, current_text(choices))
            experiment_id = lab.submit(spec, visitor(), other_than=getattr(choices, name))
            choices.set(**{name: experiment_id})
            if server().store.status(experiment_id) == (Status.DONE, ""):
                st.toast(f"This {OFFERS[name].noun} was done here before: here it is. Start again to repeat it.")
            elif not lab.line.ahead(experiment_id)[0]:
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


def place_in_line(num_ahead: int, seconds: float | None, worker_is_there: bool) -> str:
    """
    >>> place_in_line(2, 95.0, True)
    '2 experiments ahead of it, about 2 min'
    """
    if num_ahead:
        wait = "how long is not known yet" if seconds is None else charts.format_wait(seconds)
        return f"{charts.counted(num_ahead, 'experiment')} ahead of it, {wait}"
    return "the worker is getting ready" if worker_is_there else "the worker is being started again, some seconds"


def show_progress(
    experiment_id: str, status: Status, sentence: str, share: float, done: str, seconds_left: float | None
) -> None:
    """The bar, and what it says: `done` is how far it is, in words."""
    lab = server().lab
    if status == Status.WAITING:
        num_ahead, seconds = lab.line.ahead(experiment_id)
        label = f"Waiting in line: {place_in_line(num_ahead, seconds, lab.worker_is_there)}."
    elif status == Status.RUNNING:
        label = f"Running: {done}, {charts.format_time_left(seconds_left)}."
    elif status == Status.PAUSED:
        pause = lab.line.resumes_in(experiment_id)
        goes_on = "" if pause is None else f" Others wait, so it goes on in {charts.format_wait(pause)}."
        label = f"Paused at {done}.{goes_on}"
    else:
        label = f"{status.capitalize()}: {done}. {plain(sentence)}"
    st.progress(share, text=label)
