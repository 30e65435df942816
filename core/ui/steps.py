"""A step of a training run: where a page is in it, how it walks on, and how it asks the worker."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.batches import Batch, WindowStream
from core.corpus import Corpus
from core.experiments.race.offers import race_of
from core.experiments.race.spec import RunSpec
from core.lab.cluster import LabError
from core.settings.declared import STAGES
from core.settings.limits import MAX_STEP, MAX_TOKENS
from core.ui.batches import draw_batch
from core.ui.choices import Choices
from core.ui.lab import ask_worker, server
from core.ui.page import fragment
from core.ui.texts import current_corpus, current_text

DRAWN, ASKED = "_player_drawn", "_asked_of_step"
REACH = "reach"


# ---- the current run, and asking the worker about it


@dataclass(frozen=True)
class Step:
    """A step of a run: what it reads, and where to ask about it."""

    run: RunSpec
    step: int
    corpus: Corpus
    batch: Batch

    def ask(self, function: str, *args):
        """What `core.calls.steps` says of this step; asked once while it is the current one. Raises ValueError or
        LabError, with a sentence."""
        answers = self.answers()
        if (function, *args) not in answers:
            fresh = function in (REACH, "cost_one_by_one")  # what it does, or times, counts
            answers[function, *args] = ask_worker(
                f"core.calls.steps:{function}", self.run, self.step, *args, fresh=fresh
            )
        return answers[function, *args]

    def answers(self) -> dict[tuple, object]:
        """The answers that this session has for this step, by function and arguments."""
        if st.session_state.get(ASKED, (None,))[0] != (self.run, self.step):
            st.session_state[ASKED] = (self.run, self.step), {}
        return st.session_state[ASKED][1]


def current_step(choices: Choices, batch_size: int | None = None) -> Step:
    """The step that the choices describe, of the run that a race with one seed would make of them, at their batch size
    or another. Its worker has the weights that it starts from. Raises ValueError or LabError, with a sentence."""
    batch_size = batch_size or choices.batch_size
    corpus = current_corpus(choices)
    text = current_text(choices)
    race = race_of(choices.settings, text, batch_sizes=(batch_size,), num_seeds=1, max_tokens=MAX_TOKENS)
    run = RunSpec(race=race, batch_size=batch_size, seed=choices.seed)
    step = step_of(run, choices.step, corpus)
    reach(step)
    return step


def step_of(run: RunSpec, step: int, corpus: Corpus) -> Step:
    """The batch is drawn here; the same seed and step give the same windows in the worker."""
    stream = WindowStream(
        num_tokens=len(corpus.train_ids), block_size=run.race.block_size, order=run.race.train.order, seed=run.seed
    )
    return Step(run, step, corpus, draw_batch(corpus, stream, (step - 1) * run.batch_size, run.batch_size))


def reach(step: Step) -> None:
    """Have the worker train the run again up to this step, and show how far it is where that takes a while."""
    reached, before = step.ask(REACH), 0
    bar = st.empty()
    while reached != step.step:
        if reached <= before:
            raise LabError("The worker was started again on the way. Try once more.")
        bar.progress(reached / step.step, text=f"Training again up to step {step.step:,}: at {reached:,} …")
        step.answers().clear()
        before, reached = reached, step.ask(REACH)
    bar.empty()


@st.cache_data(show_spinner=False)
def sources() -> list[list[tuple[str, str]]]:
    return server().lab.call("core.calls.steps:sources")


# ---- walking


def walk_controls(choices: Choices) -> None:
    """The five stages; back, on, and play."""
    fixed, stays = choices.fixed("stage"), choices.fixed("step")
    at_start = fixed or (choices.stage == STAGES[0] and (stays or choices.step == 1))
    at_end = fixed or (choices.stage == STAGES[-1] and (stays or choices.step == MAX_STEP))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choices.pills("stage")
        back, on = partial(walk_back, choices), partial(walk_on, choices)
        st.button("Back", icon=":material/arrow_back:", key="step_back", disabled=at_start, on_click=back)
        st.button("Next", icon=":material/arrow_forward:", key="step_on", disabled=at_end, on_click=on)
        plays = st.session_state.get("step_playing") and not at_end
        with st.popover("Playing" if plays else "Play", icon=f":material/{'pause' if plays else 'play_arrow'}:"):
            playing = st.toggle("Go on by itself", key="step_playing")
            choices.select("pace")
    if playing and not at_end:
        st.session_state[DRAWN] = True
        fragment(tick, run_every=choices.pace)(choices)


def walk_on(choices: Choices, by: int = 1) -> None:
    stage = STAGES.index(choices.stage) + by
    choices.set(step=min(max(choices.step + stage // len(STAGES), 1), MAX_STEP), stage=STAGES[stage % len(STAGES)])


def walk_back(choices: Choices) -> None:
    walk_on(choices, by=-1)


def tick(choices: Choices) -> None:
    """While it plays: each run of this that the page did not ask for is a stage on."""
    if not st.session_state.pop(DRAWN, False):
        walk_on(choices)
        st.rerun()


def show_code(choices: Choices) -> None:
    with st.expander("The code that ran"):
        for name, source in sources()[STAGES.index(choices.stage)]:
            st.caption(f"`{name}`")
            st.code(source, language="python")
