"""The live view of a race: its controls and its progress. It asks the store; it knows no worker."""

import time

import streamlit as st

from core import charts
from core.corpus import samples
from core.lab.cluster import LabError
from core.lab.curves import RaceCurves
from core.lab.experiments import RaceSpec
from core.lab.recording import read_recording
from core.lab.store import PAUSED, RUNNING, WAITING, Experiment
from core.training import TrainConfig
from core.ui.choices import Choices
from core.ui.lab import server
from core.ui.page import plain, say
from core.ui.race_charts import draw_race
from core.ui.spikes import show_spikes
from core.ui.texts import current_race, source_title

TICK_SECONDS = 1.5  # a browser on the same cores takes from the race what each drawing costs
FIRST_TICK_SECONDS = 0.3  # until there is a point: the first one should not have to wait for a tick
STATUS_WORDS = {"done": "Done", "stopped": "Stopped", "failed": "Failed", "interrupted": "Interrupted"}


def plan_of(choices: Choices) -> TrainConfig:
    return TrainConfig(
        batch_sizes=choices.batch_sizes,
        num_seeds=choices.num_seeds,
        first_seed=choices.seed,
        max_tokens=choices.max_tokens,
        learning_rate=choices.learning_rate,
        lr_rule=choices.lr_rule,
        order=choices.order,
        device=choices.device,
    )


def found_race(choices: Choices) -> tuple[Experiment, RaceSpec] | None:
    """The race in the address and its spec, without the text. One that is not there is told and forgotten."""
    if not choices.race:
        return None
    experiment = server().store.experiment(choices.race)
    if experiment is None:
        st.warning("The race in the address is not here: races are kept for a week. Start a new one.")
        choices.set(race="")
        return None
    return experiment, RaceSpec.from_settings(experiment.settings, text="")


def race_controls(choices: Choices, experiment: Experiment | None) -> None:
    """Start, pause, resume, stop. Each says in a sentence why it could not."""
    lab = server().lab
    active = experiment is not None and experiment.active
    start, hold, stop, _ = st.columns([1, 1, 1, 3])
    wide = {"width": "stretch"}
    if start.button(
        "Start the race", type="primary", disabled=active, icon=":material/play_arrow:", key="race_start", **wide
    ):
        try:
            with st.spinner("Starting …"):
                race_id = lab.submit(current_race(choices, plan_of(choices)))
                choices.set(race=race_id)
                if not server().store.num_ahead(race_id):
                    wait_for(race_id, lambda status: status != WAITING)
        except (ValueError, LabError) as error:
            say(error)
            return
        choices.write_url()
        st.rerun()
    paused = active and experiment.status == PAUSED
    label, act, icon = ("Resume", lab.resume, "resume") if paused else ("Pause", lab.pause, "pause")
    no_hold = not active or experiment.status == WAITING
    if hold.button(label, disabled=no_hold, icon=f":material/{icon}:", key="race_hold", **wide):
        act(experiment.id)
        wait_for(experiment.id, lambda status: status != experiment.status)
        st.rerun()
    if stop.button("Stop", disabled=not active, icon=":material/stop:", key="race_stop", **wide):
        lab.stop(experiment.id)
        wait_for(experiment.id, lambda status: status not in (WAITING, RUNNING, PAUSED))
        st.rerun()


def wait_for(race_id: str, reached, seconds: float = 2.0) -> None:
    """Wait, not long, for a status: what was clicked should show at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not reached(server().store.status(race_id)[0]):
        time.sleep(0.02)


def show_race(choices: Choices, experiment: Experiment, spec: RaceSpec) -> None:
    """The race, alive while it runs: a fragment that asks for what is new, again and again."""
    curves = server().curves.get(experiment.id, spec, choices.half_life)
    begun = curves.progress > 0
    tick = (TICK_SECONDS if begun else FIRST_TICK_SECONDS) if experiment.active else None
    st.fragment(live_race, run_every=tick)(choices, choices.look, experiment, curves, begun)
    show_spikes(choices, curves, text=experiment.text)


def live_race(choices: Choices, look: tuple | None, experiment: Experiment, curves: RaceCurves, begun: bool) -> None:
    shared = server()
    shared.lab.look_at(experiment.id)
    status, sentence = shared.store.status(experiment.id)
    curves.refresh()
    show_progress(experiment.id, status, sentence, curves)
    st.caption(plain(summary_of(curves.spec)))
    draw_race(curves, choices, live=experiment.active)
    if status != experiment.status or (curves.progress > 0) != begun or choices.look != look:
        st.rerun()  # the whole page: its buttons change, how often it ticks, and what is looked at


def show_progress(race_id: str, status: str, sentence: str, curves: RaceCurves) -> None:
    share = min(1.0, curves.progress)
    read = f"{charts.format_count(share * curves.total_tokens)} of {charts.format_count(curves.total_tokens)} tokens"
    if status == WAITING:
        ahead = server().store.num_ahead(race_id)
        place = f"{ahead} race{'s' if ahead != 1 else ''} ahead of it" if ahead else "the worker is getting ready"
        label = f"Waiting in line: {place}."
    elif status == RUNNING:
        left = curves.remaining_seconds()
        label = f"Running: {read}" + (f", about {charts.format_seconds(left)} left." if left is not None else ".")
    elif status == PAUSED:
        label = f"Paused at {read}."
    else:
        label = f"{STATUS_WORDS[status]}: {read}. {plain(sentence)}"
    st.progress(share, text=label)
    with st.container():  # always there, so that what follows keeps its place
        if curves.divergences:
            runs = [
                f"B = {d['batch_size']}, seed {d['seed']}: diverged at step {d['step']:,}" for d in curves.divergences
            ]
            st.warning(f"{'; '.join(runs)}. Its loss left all bounds, so the run ended there; the others go on.")


def summary_of(spec: RaceSpec) -> str:
    """What was raced, for the case that the choices have changed since."""
    plan = spec.train
    return (
        f"This race: {source_title(spec.source)}, tokens by {spec.tokenizer}; block size {spec.block_size}; "
        f"{spec.n_layer} layers, {spec.n_head} heads, {spec.n_embd} channels; "
        f"learning rate {plan.learning_rate:g} at B = {plan.reference_batch_size}, rule {plan.lr_rule}; "
        f"order {plan.order}; seeds {plan.seeds[0]} to {plan.seeds[-1]}; "
        f"{charts.format_count(plan.max_tokens)} tokens a run."
    )


def show_recorded(choices: Choices) -> None:
    """Before anything has been trained: a race of this kind that was recorded, marked as such."""
    curves = recorded_race(choices.half_life)
    st.info(f"A recorded race, {curves.note} Click **Start the race** to run your own, live.")
    st.caption(plain(summary_of(curves.spec)))
    draw_race(curves, choices, recorded=True)
    show_spikes(choices, curves, text=samples()[curves.spec.source].text)


@st.cache_resource(max_entries=4, show_spinner=False)
def recorded_race(half_life: int) -> RaceCurves:
    curves = read_recording(half_life)
    curves.refresh()
    return curves
