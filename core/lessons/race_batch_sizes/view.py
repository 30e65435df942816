"""The live view of a race: its progress, its charts."""

import streamlit as st

from core import charts
from core.experiments.race.results import RaceResults
from core.experiments.race.spec import RaceSpec
from core.lessons.race_batch_sizes.charts import draw_charts
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.page import plain
from core.ui.sentences import model_size, source_title


def draw_race(view: View, choices: Choices, look: tuple | None) -> None:
    """All of a race; `look` is the step that is looked into as the page is drawn."""
    if not view.recorded:
        show_divergences(view.results)
    st.caption(plain(summary_of(view.results.spec)))
    draw_charts(view, choices)
    if choices.chosen_loss != look:
        st.rerun()  # the whole page: a point was clicked


def tokens_read(results: RaceResults, share: float) -> str:
    total = results.total_tokens
    return f"{charts.format_count(share * total)} of {charts.format_count(total)} tokens"


def show_divergences(results: RaceResults) -> None:
    with st.container():  # always there, so that what follows keeps its place
        if results.divergences:
            runs = [
                f"B = {gone.batch_size}, seed {gone.seed}: diverged at step {gone.step:,}"
                for gone in results.divergences
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
