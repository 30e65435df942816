"""An experiment on a page: found by the id in the address, started, paused, stopped, and how far it is.

A page keeps the id in one of its choices: "race", "noise". It asks the store; it knows no worker.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from core import charts
from core.corpus import samples
from core.experiments.kind import Spec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json, kind_of
from core.experiments.results import Results
from core.lab.cluster import LabError
from core.lab.recording import RECORDINGS, read_machine, read_recording
from core.lab.store import PAUSED, RUNNING, WAITING, Experiment
from core.ui.choices import EXPERIMENTS, Choices
from core.ui.lab import server
from core.ui.page import plain, say

TICK_SECONDS = 1.5  # a browser on the same cores takes from the experiment what each drawing costs
FIRST_TICK_SECONDS = 0.3  # until there is something: it should not have to wait for a tick
STATUS_WORDS = {"done": "Done", "stopped": "Stopped", "failed": "Failed", "interrupted": "Interrupted"}


def found_experiment(choices: Choices, name: str, kind: type[Spec]) -> tuple[Experiment, Spec] | None:
    """The experiment in the address and its spec, without the text. One that is not there is told and forgotten."""
    experiment_id = getattr(choices, name)
    if not experiment_id:
        return None
    experiment = server().store.experiment(experiment_id)
    spec = experiment and spec_of(experiment)
    if not isinstance(spec, kind):
        st.warning(f"The {EXPERIMENTS[name]} in the address is not here: it is kept for a week. Start a new one.")
        choices.set(**{name: ""})
        return None
    return experiment, spec


def spec_of(experiment: Experiment) -> Spec | None:
    """Its spec without the text; None for a kind of a former version."""
    try:
        return from_json(experiment.settings)
    except ValueError:
        return None


def controls(
    choices: Choices, name: str, label: str, make_spec: Callable[[], Spec], experiment: Experiment | None
) -> None:
    """Start, pause, resume, stop. Each says in a sentence why it could not."""
    lab = server().lab
    active = experiment is not None and experiment.active
    start, hold, stop, _ = st.columns([1.3, 1, 1, 2.4])
    wide = {"width": "stretch"}
    if start.button(label, type="primary", disabled=active, icon=":material/play_arrow:", key=f"{name}_start", **wide):
        try:
            with st.spinner("Starting …"):
                experiment_id = lab.submit(make_spec())
                choices.set(**{name: experiment_id})
                if not server().store.num_ahead(experiment_id):
                    wait_for(experiment_id, lambda status: status != WAITING)
        except (ValueError, LabError) as error:
            say(error)
            return
        choices.write_url()
        st.rerun()
    paused = active and experiment.status == PAUSED
    label, act, icon = ("Resume", lab.resume, "resume") if paused else ("Pause", lab.pause, "pause")
    no_hold = not active or experiment.status == WAITING
    if hold.button(label, disabled=no_hold, icon=f":material/{icon}:", key=f"{name}_hold", **wide):
        act(experiment.id)
        wait_for(experiment.id, lambda status: status != experiment.status)
        st.rerun()
    if stop.button("Stop", disabled=not active, icon=":material/stop:", key=f"{name}_stop", **wide):
        lab.stop(experiment.id)
        wait_for(experiment.id, lambda status: status not in (WAITING, RUNNING, PAUSED))
        st.rerun()


def wait_for(experiment_id: str, reached: Callable[[str], bool], seconds: float = 2.0) -> None:
    """Wait, not long, for a status: what was clicked should show at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not reached(server().store.status(experiment_id)[0]):
        time.sleep(0.02)


def tick_seconds(experiment: Experiment, begun: bool) -> float | None:
    """How often an experiment's fragment runs; None for one that has ended."""
    return (TICK_SECONDS if begun else FIRST_TICK_SECONDS) if experiment.active else None


def watch(experiment: Experiment, results: Results, show: Callable, *arguments) -> None:
    """What an experiment has found, drawn by `show(*arguments, live)`, again and again while it runs, below how far it
    is. No lambda of a page's: see `take_away`."""
    begun, draw = results.begun, partial(show, *arguments)
    st.fragment(live_results, run_every=tick_seconds(experiment, begun))(experiment, results, draw, begun)


def live_results(experiment: Experiment, results: Results, show: Callable[[bool], None], begun: bool) -> None:
    shared = server()
    shared.lab.look_at(experiment.id)
    status, sentence = shared.store.status(experiment.id)
    results.refresh()
    share = 1.0 if status == "done" else results.share
    done = f"{100 * share:.0f}%" + ("" if status == "done" else f", {results.doing}")
    show_progress(experiment.id, status, sentence, share, done)
    show(experiment.active)
    if status != experiment.status or results.begun != begun:
        st.rerun()  # the whole page: its buttons change, and how often it ticks


@st.cache_resource(max_entries=64, show_spinner=False)
def results_of(experiment_id: str, settings: str) -> Results:
    """What is known of an experiment, shared by all who look at it."""
    spec = from_json(settings)
    return kind_of(spec).results(partial(server().store.read, experiment_id), spec)


@st.cache_resource(show_spinner=False)
def recorded(name: str) -> tuple[Results, str]:
    """(results, note) of a recording."""
    recording = read_recording(RECORDINGS[name])
    results = kind_of(recording.spec).results(recording.read, recording.spec)
    results.refresh()
    return results, recording.note


def choose_recording(choices: Choices, name: str) -> str:
    """The name of the recording to show where there are two: from a processor and, as `name`_on_gpu, from a GPU."""
    names = {"processor": name, "gpu": f"{name}_on_gpu"}
    choices.segments(
        "recorded_on", "Recorded on", tuple(names), format_func=lambda kind: read_machine(RECORDINGS[names[kind]])
    )
    return names[choices.recorded_on]


@dataclass(frozen=True)
class Known:
    """What is known from an experiment, the visitor's own or a recorded one."""

    results: Results
    race: RaceSpec  # that it is about, with its text
    note: str  # when it was recorded; empty for the visitor's own
    whole: bool  # whether it has come to its end


def known_of(name: str, found: tuple[Experiment, Spec] | None) -> Known:
    """Of the visitor's experiment, or of the recording of that name."""
    if found:
        experiment, spec = found
        results = results_of(experiment.id, experiment.settings)
        results.refresh()
        return Known(results, replace(race_of(spec), text=experiment.text), "", experiment.status == "done")
    results, note = recorded(name)
    race = race_of(results.spec)
    return Known(results, replace(race, text=samples()[race.source].text), note, True)


def race_of(spec: Spec) -> RaceSpec:
    """The race that an experiment is about: its text, model and plan."""
    return spec if isinstance(spec, RaceSpec) else spec.race


def same_subject(*races: RaceSpec) -> bool:
    """Whether all have the same text and the same model."""
    names = ("text", "excerpt", "tokenizer", "block_size", "n_layer", "n_head", "n_embd")
    return len({tuple(getattr(race, name) for name in names) for race in races}) == 1


def show_progress(
    experiment_id: str, status: str, sentence: str, share: float, done: str, seconds_left: float | None = None
) -> None:
    """The bar, and what it says: `done` is how far it is, in words."""
    if status == WAITING:
        ahead = server().store.num_ahead(experiment_id)
        place = f"{charts.counted(ahead, 'experiment')} ahead of it" if ahead else "the worker is getting ready"
        label = f"Waiting in line: {place}."
    elif status == RUNNING:
        left = f", about {charts.format_seconds(seconds_left)} left" if seconds_left is not None else ""
        label = f"Running: {done}{left}."
    elif status == PAUSED:
        label = f"Paused at {done}."
    else:
        label = f"{STATUS_WORDS[status]}: {done}. {plain(sentence)}"
    st.progress(share, text=label)
