"""The charts of the evidence for the claims, each made of the views of its experiments."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.race.results import RaceResults
from core.experiments.step_cost.results import StepCostResults
from core.experiments.sweep.results import SweepResults, fit_of
from core.lessons.check_the_claims.tables import cost_values, gap_points
from core.measure.comparison import at_equal_loss
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.experiment import View
from core.ui.glossary import T_INTERVAL, explain
from core.ui.plots.noise import draw_scale
from core.ui.plots.race import draw_noise, draw_validation
from core.ui.plots.step_cost import draw_memory
from core.ui.plots.sweep import draw_rates, draw_steps
from core.ui.points import draw_points

HEIGHT = 280
LOW = 140  # of four charts on one screen
LOSS_HELP = explain("loss", "nat", "ln V, uniform guess")
SHADING = "Shading: 95% t interval of the mean of the runs."


def heading(text: str, help: str | None = None) -> None:
    st.subheader(text, anchor=False, help=help)


def show_cost_to_target(view: View) -> None:
    """What leads to the seconds: steps to the same loss, the tokens that they read, and the tokens a second."""
    race: RaceResults = view.results
    target, values = cost_values(race)
    heading(f"The way to a validation loss{f' of {target:.2f} nats' if target else ''}", LOSS_HELP)
    columns = (*st.columns(2, gap="medium"), *st.columns(2, gap="medium"))
    for place, (column, (title, of_each)) in enumerate(zip(columns, values.items(), strict=True)):
        with column:
            st.markdown(f"**{title.removeprefix('thousand ').capitalize()}**")
            draw_points(
                of_each,
                race.batch_sizes,
                f"claim_cost_{place}",
                title.removesuffix(" to the target").replace("tokens a", "a"),
                view.live,
                height=LOW,
            )
    st.caption("A target that all runs reach. Points: geometric means, with 95% t intervals.", help=T_INTERVAL)


def show_noise_of_race(view: View) -> None:
    narrow, wide = st.columns([1, 1.4], gap="medium")
    with narrow:
        heading("How noisy is the loss?")
        draw_noise(view)
        st.caption("The standard deviation of its jumps from step to step, with 95% intervals.")
    with wide:
        heading("Validation loss at equal tokens", LOSS_HELP)
        draw_validation(view, "tokens")
        st.caption(SHADING)


def show_gaps(view: View) -> None:
    wide, narrow = st.columns([1.4, 1], gap="medium")
    with wide:
        heading("The gap between validation and training", LOSS_HELP)
        draw_gaps(view)
        st.caption("On one vertical line all runs fit their training text equally well.")
    with narrow:
        heading("Validation loss")
        draw_validation(view, "tokens")
        st.caption(SHADING)


def draw_gaps(view: View) -> None:
    race: RaceResults = view.results
    table = gap_points(race)
    losses = {b: race.evaluations(b) for b in race.whole_sizes}
    train = {b: each for b, (_, _, each) in losses.items()}
    level, _ = at_equal_loss(train, {b: val - train[b] for b, (_, val, _) in losses.items()})
    equal = [] if np.isnan(level) else [(level, f"all reached {level:.2f}")]
    x = charts.round_domain(table["train"].min(), table["train"].max()) if len(table) else (1.0, 4.5)
    y = charts.round_domain(min(0.0, table["gap"].min()), table["gap"].max()) if len(table) else (0.0, 1.0)
    last = table.groupby(["batch_size", "seed"]).last().groupby("batch_size", as_index=False)[["train", "gap"]].mean()
    ends = charts.end_labels(last.rename(columns={"train": "x", "gap": "mean"}), y)
    sentence = charts.describe_gaps(table)
    draw(
        spec_of(charts.gap_chart, race.batch_sizes, theme(), height=HEIGHT),
        "claim_gaps",
        f"Validation minus training loss against training loss: {LIVE_ALT}" if view.live else sentence,
        gaps=table,
        ends=ends.rename(columns={"x": "train", "y": "gap"}),
        equal=pd.DataFrame(equal, columns=["train", "label"]),
        frame=charts.frame_corners(x, y, x_column="train", y_column="gap"),
    )


def show_rates(view: View) -> None:
    heading("Validation loss at each learning rate", LOSS_HELP)
    draw_rates(view.results, view.live, height=HEIGHT)
    st.caption("At the end of the budget: mean of the runs, with 95% t intervals.", help=T_INTERVAL)


def show_bend(of_sweep: View, of_noise: View) -> None:
    sweep: SweepResults = of_sweep.results
    left, right = st.columns(2, gap="medium")
    with left:
        heading("Steps to the same loss")
        runs = sweep.runs_to(sweep.usual_target() or 0.0)
        draw_steps(sweep, runs, fit_of(runs), of_sweep.live, height=240)
        st.caption("At the best rate of each batch size. Dashed: the fit S_min + E_min / B.")
    with right:
        heading(
            "The noise scale", "The batch size at which the noise in a batch's gradient is as long as the gradient."
        )
        draw_scale(of_noise.results, of_noise.live)
        st.caption("Along a training run, with 95% bootstrap intervals.")


def show_memory(view: View) -> None:
    """A bar for each batch size, of what lasts until the backward pass."""
    cost: StepCostResults = view.results
    lasting = {b: {**cost.state_bytes, "activations": kept} for b, kept in cost.activation_bytes.items()}
    heading("What a step needs in memory, part by part")
    draw_memory(lasting, cost.spec.batch_sizes, "claim_memory", view.live, height=HEIGHT)
    st.caption("Without what a layer needs only for a moment.")


def show_splits(view: View) -> None:
    cost: StepCostResults = view.results
    size = cost.spec.split_size
    known = {m: seconds for m, seconds in cost.by_micro_batch().items() if len(seconds) > 1}
    heading(f"Seconds of one update from {size:,} windows")
    draw_points(
        known,
        (*cost.spec.micro_batch_sizes, size),
        "claim_splits",
        "seconds of one update",
        view.live,
        x_title="micro-batch size (windows that go through the model at once)",
        height=HEIGHT,
    )
    st.caption("Points: geometric means over the rounds, with 95% t intervals.", help=T_INTERVAL)
