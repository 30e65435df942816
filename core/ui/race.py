"""The live view of a race: its progress, its charts. It asks the store; it knows no worker."""

from dataclasses import replace

import streamlit as st

from core import charts
from core.corpus import samples
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.lab.recording import RECORDINGS, read_recording
from core.lab.store import Experiment
from core.ui.choices import Choices
from core.ui.experiments import choose_recording, show_progress, tick_seconds
from core.ui.lab import server
from core.ui.page import plain
from core.ui.race_charts import draw_race
from core.ui.spikes import show_spikes
from core.ui.texts import model_size, source_title


def show_race(choices: Choices, experiment: Experiment, spec: RaceSpec) -> None:
    """The race, alive while it runs: a fragment that asks for what is new, again and again."""
    curves = server().curves.get(experiment.id, spec, choices.half_life)
    begun = curves.begun
    st.fragment(live_race, run_every=tick_seconds(experiment, begun))(choices, choices.look, experiment, curves, begun)
    show_spikes(choices, curves, text=experiment.text)


def live_race(choices: Choices, look: tuple | None, experiment: Experiment, curves: RaceResults, begun: bool) -> None:
    shared = server()
    shared.lab.look_at(experiment.id)
    status, sentence = shared.store.status(experiment.id)
    curves.refresh()
    share = min(1.0, curves.share)
    read = f"{charts.format_count(share * curves.total_tokens)} of {charts.format_count(curves.total_tokens)} tokens"
    show_progress(experiment.id, status, sentence, share, read, curves.remaining_seconds())
    show_divergences(curves)
    st.caption(plain(summary_of(curves.spec)))
    draw_race(curves, choices, live=experiment.active)
    if status != experiment.status or curves.begun != begun or choices.look != look:
        st.rerun()  # the whole page: its buttons change, how often it ticks, and what is looked at


def show_divergences(curves: RaceResults) -> None:
    with st.container():  # always there, so that what follows keeps its place
        if curves.divergences:
            runs = [
                f"B = {d['batch_size']}, seed {d['seed']}: diverged at step {d['step']:,}" for d in curves.divergences
            ]
            st.warning(f"{'; '.join(runs)}. A run that diverges ends there; the others go on.")


def summary_of(spec: RaceSpec) -> str:
    """What was raced, for the case that the choices have changed since."""
    plan = spec.train
    return (
        f"This race: {source_title(spec.source)}, tokens by {spec.tokenizer}; block size {spec.block_size}; "
        f"{model_size(spec)}; "
        f"learning rate {plan.learning_rate:g} at B = {plan.reference_batch_size}, rule {plan.lr_rule}; "
        f"order {plan.order}; seeds {plan.seeds[0]} to {plan.seeds[-1]}; "
        f"{charts.format_count(plan.max_tokens)} tokens a run."
    )


def show_recorded(choices: Choices) -> None:
    """Before anything has been trained: a race of this kind that was recorded, marked as such."""
    curves, note = recorded_race(choose_recording(choices, "race"), choices.half_life)
    st.info(f"A recorded race, {note}. Click **Start the race** to run your own, live.")
    st.caption(plain(summary_of(curves.spec)))
    draw_race(curves, choices, recorded=True)
    show_spikes(choices, curves, text=samples()[curves.spec.source].text)


@st.cache_resource(max_entries=8, show_spinner=False)
def recorded_race(name: str, half_life: int) -> tuple[RaceResults, str]:
    recording = read_recording(RECORDINGS[name])
    train = replace(recording.spec.train, device="auto")  # where a step of it is looked into, here
    curves = RaceResults(recording.read, replace(recording.spec, train=train), half_life)
    curves.refresh()
    return curves, recording.note
