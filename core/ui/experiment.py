"""An experiment on a page: found by its id in the address, started, paused and stopped, drawn while it runs; before the
visitor has run one, the recording of its kind.

    noise = experiment(choices, "noise", "Measure the noise")
    noise.show(draw_noise, choices)     # draw_noise(view, choices), again and again while it runs

A page asks the store; it knows no worker. What it draws is a `View`, which is read-only.
"""

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st

from core.corpus import samples
from core.experiments.feed import Feed
from core.experiments.kind import Spec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import OFFERS, from_json, to_json
from core.experiments.results import Read, Results
from core.lab.database import StoreError
from core.lab.recording import RECORDINGS, read_machine, read_recording
from core.lab.store import Experiment, Status
from core.settings.values import Settings
from core.ui.budget import show_budget
from core.ui.choices import Choices
from core.ui.controls import controls, show_progress
from core.ui.lab import server, visitor
from core.ui.page import fragment, plain, show_error
from core.ui.texts import current_text, lacks_text, show_no_text

TICK_SECONDS = 1.5  # a browser on the same cores takes from the experiment what each drawing costs
REST_TICK_SECONDS = 4.5  # of what stands below
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
    stale: bool = False  # whether it is of other settings than those that are chosen now
    before: "OnPage | None" = None  # what is shown until it has begun

    def view(self) -> View:
        """As it is now."""
        active = self.experiment is not None and self.experiment.active
        done = self.experiment is None or self.experiment.status == Status.DONE
        key = self.experiment.id if self.experiment else self.name
        return View(self.feed.look(), self.race, self.feed.read, key, self.note, active, done)

    def begun_view(self) -> View:
        """The same; until there is something to draw, that of what was recorded."""
        return self.begun(self.view())

    def begun(self, view: View) -> View:
        """This view of it, if there is something to draw."""
        return view if view.results.begun or not (self.before and self.before.note) else self.before.view()

    def show(
        self,
        draw: Callable,
        *arguments,
        rest: Callable | None = None,
        progress: Callable[[Results, float], str] | None = None,
    ) -> None:
        """`draw(view, *arguments)`: once, or below how far it is, again and again while it runs; until it has begun,
        what was recorded. Then `rest` in the same way, but seldomer. `progress` says in words how far a share of it is.
        No lambda of a page's: see `take_away`."""
        with st.container(key=f"{'earlier' if self.stale else 'shown'}_{self.name}"):
            parts = [partial(draw_all, part, arguments) for part in (draw, rest) if part]
            if self.experiment is None:
                for part in parts if self.note else ():
                    fragment(part)(self.view())
                return
            begun = self.feed.look().begun
            seconds = (TICK_SECONDS if begun else FIRST_TICK_SECONDS) if self.experiment.active else None
            first, *others = parts
            fragment(live, run_every=seconds)(self, self.experiment, begun, first, progress or percent)
            for part in others:
                fragment(draw_now, run_every=seconds and REST_TICK_SECONDS)(self, part)


def draw_all(draw: Callable, arguments: tuple, view: View) -> None:
    draw(view, *arguments)


def draw_now(shown: OnPage, draw: Callable[[View], None]) -> None:
    draw(shown.begun_view())


def live(shown: OnPage, experiment: Experiment, begun: bool, draw: Callable[[View], None], progress: Callable) -> None:
    server().lab.line.renew_lease(experiment.id, visitor())
    view, status = shown.view(), experiment.status
    try:
        status = show_how_far(view, experiment, progress, shown.feed.remaining_seconds())
    except StoreError as why:  # what is known so far still stands
        show_error(why)
    draw(shown.begun(view))
    if status != experiment.status or view.results.begun != begun:
        st.rerun()  # the whole page: its buttons change, and how often it ticks


def show_how_far(view: View, experiment: Experiment, progress: Callable, seconds_left: float | None) -> Status:
    """Its progress, in a bar. Returns its status."""
    if (now := server().store.status(experiment.id)) is None:  # it was forgotten: the page says so
        st.rerun()
    status, sentence = now
    share = 1.0 if status == Status.DONE else min(1.0, view.results.share)
    show_progress(experiment.id, status, sentence, share, progress(view.results, share), seconds_left)
    return status


def percent(results: Results, share: float) -> str:
    return f"{100 * share:.0f}%" + (f", {results.doing}" if share < 1 else "")


# ---- where it comes from


def experiment(
    choices: Choices,
    name: str,
    label: str,
    *,
    recording: Callable[[Choices, str], str] | None = None,
    main: Callable[[Choices], None] | None = None,
    more: Callable[[Choices], None] | None = None,
    **options,
) -> OnPage:
    """The experiment of that name in OFFERS, with its buttons; `label` is on the one that starts it. `main` draws the
    settings beside it, `more` those that are folded below. Where the visitor has none, the recording of that name, or
    the one that `recording` lets them choose. `options` are of its kind's results."""
    own = find_own(choices, name, **options)
    with st.container():  # always there, so that what follows keeps its place
        if not own and lacks_text(choices):
            show_no_text()
        elif not (own and own.experiment and own.experiment.active):
            show_budget(choices, name)
    with st.expander("Settings and start") if choices.present else nullcontext():
        with st.container(key=f"controls_{name}"):
            *first, buttons, word = st.columns([1.2, 1, 1.2] if main else [1, 2.4], vertical_alignment="bottom")
        if main:
            with first[0]:
                main(choices)
        with buttons:
            usable = controls(choices, name, label, own.experiment if own else None)
        with st.expander("More settings") if more else nullcontext():
            if more:
                more(choices)
            shown = recorded(recording(choices, name) if recording and not own else name, **options)
    if own:
        shown = replace(own, before=shown)
    shown = replace(shown, stale=is_stale(choices, name, shown))
    word.markdown(word_on(shown, label if usable else ""))
    return shown


def word_on(shown: OnPage, label: str) -> str:
    """What is shown, where that is not the visitor's own experiment with the settings of now. `label` is on the button
    that starts it; empty where there is none."""
    if shown.experiment is None and not shown.note:
        return label and f"Click **{label}** to begin."
    if shown.experiment is None:
        other = ", with other settings" if shown.stale else ""
        return f"Below: {shown.note}{other}." + (label and f" Click **{label}** for your own, live.")
    if shown.stale:
        again = label and f" Click **{label}** to run it again with the new ones."
        whose = "your run with the earlier settings"
        if shown.race.train.seeds_in_turn:
            whose = "the race of a class, each of whose members was a seed"
        return f"Below: {whose}.{again}"
    return ""


def is_stale(choices: Choices, name: str, shown: OnPage) -> bool:
    """Whether an experiment is of another text or of other settings than those that are chosen now."""
    try:
        wanted = OFFERS[name].of(choices.settings, current_text(choices))
    except ValueError:  # they make no experiment: its start says why
        return False
    other_text = shown.experiment is not None and shown.experiment.text != wanted.text
    return other_text or on_any_device(wanted) != on_any_device(shown.feed.spec)


def on_any_device(spec: Spec) -> str:
    """A spec without its text, as JSON, whatever device it is for."""
    return re.sub(r'"device": "[a-z]*"', '"device": ""', to_json(spec))


def own_or_recorded(choices: Choices, name: str) -> OnPage:
    """The same without buttons, for a page that uses what another one has measured."""
    return find_own(choices, name) or recorded(name)


def find_own(choices: Choices, name: str, **options) -> OnPage | None:
    """The experiment in the address. One that is not there is reported and forgotten."""
    experiment_id = getattr(choices, name)
    if not experiment_id:
        return None
    store = server().store
    try:
        kept = store.experiment(experiment_id)
    except StoreError:  # its buttons and the sidebar say so
        return None
    spec = kept and known_spec(kept)
    if not isinstance(spec, OFFERS[name].spec):
        noun = OFFERS[name].noun
        lost = plain(f" {store.database.note}") if store.database.note else ""
        st.warning(f"The {noun} in the address is not here: it is kept for a week.{lost} Start a new one.")
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
    return Feed(partial(read_kept, experiment_id), spec, **options)


def read_kept(experiment_id: str, cursor: int) -> tuple[list[dict], int]:
    """`Store.read`; nothing while the database is away, for what is already known can still be shown."""
    try:
        return server().store.read(experiment_id, cursor)
    except StoreError:
        return [], cursor


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
