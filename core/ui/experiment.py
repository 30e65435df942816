"""An experiment on a page: found by its id in the address, started, paused and stopped, drawn while it runs; before the
visitor has run one, the recording of its kind.

    noise = experiment(choices, "noise", "Measure the noise")
    noise.show(draw_noise, choices)     # draw_noise(view, choices), again and again while it runs

A page asks the store; it knows no worker. What it draws is a `View`, which is read-only.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st

from core import charts
from core.corpus import samples
from core.experiments.feed import Feed
from core.experiments.kind import Spec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import OFFERS, from_json
from core.experiments.results import Read, Results
from core.lab.cluster import LabError
from core.lab.recording import RECORDINGS, read_machine, read_recording
from core.lab.store import Experiment, Status
from core.settings.values import Settings
from core.ui.budget import show_budget
from core.ui.choices import Choices
from core.ui.lab import server
from core.ui.page import plain, say
from core.ui.texts import current_text, lacks_text, show_no_text

TICK_SECONDS = 1.5  # a browser on the same cores takes from the experiment what each drawing costs
FIRST_TICK_SECONDS = 0.3  # until there is something: it should not have to wait for a tick


@dataclass(frozen=True)
class View:
    """What is known of an experiment as a page draws it."""

    results: Any  # the `Results` of its kind; read-only, and shared with other viewers
    race: RaceSpec  # that it is about, with its text
    read: Read  # all its messages
    key: str  # another for each experiment
    note: str = ""  # of a recording: when it was made, and on what; empty for the visitor's own
    live: bool = False  # whether more is to come
    done: bool = True  # whether it has come to its end

    @property
    def recorded(self) -> bool:
        return bool(self.note)


@dataclass(frozen=True)
class OnPage:
    """The visitor's own experiment, or a recorded one where there is none."""

    name: str  # of its offer
    feed: Feed
    race: RaceSpec
    experiment: Experiment | None = None
    note: str = ""

    def view(self) -> View:
        """As it is now."""
        active = self.experiment is not None and self.experiment.active
        done = self.experiment is None or self.experiment.status == Status.DONE
        key = self.experiment.id if self.experiment else self.name
        return View(self.feed.look(), self.race, self.feed.read, key, self.note, active, done)

    def show(self, draw: Callable, *arguments, progress: Callable[[Results, float], str] | None = None) -> None:
        """`draw(view, *arguments)`: once, or below how far it is, again and again while it runs. `progress` says in
        words how far a share of it is. No lambda of a page's: see `take_away`."""
        if self.experiment is None:
            if self.note:
                st.fragment(draw)(self.view(), *arguments)
            return
        begun = self.feed.look().begun
        seconds = (TICK_SECONDS if begun else FIRST_TICK_SECONDS) if self.experiment.active else None
        drawn = partial(draw_all, draw, arguments)
        st.fragment(live, run_every=seconds)(self, self.experiment, begun, drawn, progress or percent)


def draw_all(draw: Callable, arguments: tuple, view: View) -> None:
    draw(view, *arguments)


def live(shown: OnPage, experiment: Experiment, begun: bool, draw: Callable[[View], None], progress: Callable) -> None:
    shared = server()
    shared.lab.look_at(experiment.id)
    if (now := shared.store.status(experiment.id)) is None:  # it was forgotten: the page says so
        st.rerun()
    status, sentence = now
    view = shown.view()
    share = 1.0 if status == Status.DONE else min(1.0, view.results.share)
    seconds_left = shown.feed.remaining_seconds()
    show_progress(experiment.id, status, sentence, share, progress(view.results, share), seconds_left)
    draw(view)
    if status != experiment.status or view.results.begun != begun:
        st.rerun()  # the whole page: its buttons change, and how often it ticks


def percent(results: Results, share: float) -> str:
    return f"{100 * share:.0f}%" + (f", {results.doing}" if share < 1 else "")


# ---- where it comes from


def experiment(
    choices: Choices,
    name: str,
    label: str,
    *,
    recording: Callable[[Choices, str], str] | None = None,
    invite: str = "This was {note}. Click **{label}** to take your own, live.",
    **options,
) -> OnPage:
    """The experiment of that name in OFFERS, with its buttons; `label` is on the one that starts it. Where the visitor
    has none, the recording of that name, or the one that `recording` lets them choose, and `invite`, which says so.
    `options` are of its kind's results."""
    own = find_own(choices, name, **options)
    with st.container():  # always there, so that what follows keeps its place
        if not own and lacks_text(choices):
            show_no_text()
        elif not (own and own.experiment and own.experiment.active):
            show_budget(choices, name)
    controls(choices, name, label, own.experiment if own else None)
    if own:
        return own
    shown = recorded(recording(choices, name) if recording else name, **options)
    st.info(invite.format(note=shown.note, label=label) if shown.note else f"Click **{label}** to begin.")
    return shown


def own_or_recorded(choices: Choices, name: str) -> OnPage:
    """The same without buttons, for a page that uses what another one has measured."""
    return find_own(choices, name) or recorded(name)


def find_own(choices: Choices, name: str, **options) -> OnPage | None:
    """The experiment in the address. One that is not there is told and forgotten."""
    experiment_id = getattr(choices, name)
    if not experiment_id:
        return None
    kept = server().store.experiment(experiment_id)
    spec = kept and known_spec(kept)
    if not isinstance(spec, OFFERS[name].spec):
        noun = OFFERS[name].noun
        st.warning(f"The {noun} in the address is not here: it is kept for a week. Start a new one.")
        choices.set(**{name: ""})
        return None
    feed = feed_of(experiment_id, kept.settings, **options)
    return OnPage(name, feed, replace(spec.race, text=kept.text), kept)


def known_spec(experiment: Experiment) -> Spec | None:
    """Its spec without the text; None for a kind of a former version."""
    try:
        return from_json(experiment.settings)
    except ValueError:
        return None


@st.cache_resource(max_entries=64, show_spinner=False)
def feed_of(experiment_id: str, settings: str, **options) -> Feed:
    """What is known of an experiment, shared by all who look at it."""
    spec = from_json(settings)
    return Feed(partial(server().store.read, experiment_id), spec, **options)


@st.cache_resource(max_entries=64, show_spinner=False)
def recorded(name: str, **options) -> OnPage:
    """The recording of that name; options as for `feed_of`. A step of it is looked into on this machine's device. Where
    there is none, nothing, with no note."""
    if not RECORDINGS[name].exists():
        spec = OFFERS[name].of(Settings(), "")
        return OnPage(name, Feed(lambda cursor: ([], cursor), spec, **options), spec.race)
    recording = read_recording(RECORDINGS[name])
    race = recording.spec.race
    race = replace(race, text=samples()[race.source].text, train=replace(race.train, device="auto"))
    feed = Feed(recording.read, recording.spec, **options)
    return OnPage(name, feed, race, note=recording.note)


def choose_recording(choices: Choices, name: str) -> str:
    """The name of the recording to show where there are two: from a processor and, as `name`_on_gpu, from a GPU."""
    names = {"processor": name, "gpu": f"{name}_on_gpu"}
    choices.segments("recorded_on", format_func=lambda kind: read_machine(RECORDINGS[names[kind]]))
    return names[choices.recorded_on]


def same_subject(*races: RaceSpec) -> bool:
    """Whether all have the same text and the same model."""
    names = ("text", "excerpt", "tokenizer", "block_size", "n_layer", "n_head", "n_embd")
    return len({tuple(getattr(race, name) for name in names) for race in races}) == 1


# ---- its buttons, and how far it is


def controls(choices: Choices, name: str, label: str, experiment: Experiment | None) -> None:
    """Start, pause, resume, stop. Each says in a sentence why it could not."""
    start, hold, stop, _ = st.columns([1.3, 1, 1, 2.4])
    status = experiment.status if experiment else Status.DONE
    icon = ":material/play_arrow:"
    go = start.button(label, type="primary", disabled=status.active, icon=icon, key=f"{name}_start", width="stretch")
    paused = status == Status.PAUSED
    label, icon = ("Resume", ":material/resume:") if paused else ("Pause", ":material/pause:")
    no_hold = not status.active or status == Status.WAITING
    held = hold.button(label, disabled=no_hold, icon=icon, key=f"{name}_hold", width="stretch")
    icon = ":material/stop:"
    ended = stop.button("Stop", disabled=not status.active, icon=icon, key=f"{name}_stop", width="stretch")
    lab = server().lab
    if go:
        submit(choices, name)
    elif held and experiment:
        (lab.resume if paused else lab.pause)(experiment.id)
        wait_for(experiment.id, lambda now: now != status)
        st.rerun()
    elif ended and experiment:
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
        say(error)
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
        left = f", about {charts.format_seconds(seconds_left)} left" if seconds_left is not None else ""
        label = f"Running: {done}{left}."
    elif status == Status.PAUSED:
        label = f"Paused at {done}."
    else:
        label = f"{status.capitalize()}: {done}. {plain(sentence)}"
    st.progress(share, text=label)
