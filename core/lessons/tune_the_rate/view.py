"""A sweep over the learning rate on a page: the loss by rate, the best rate by batch size, the way to a target."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.noise.messages import NoiseScale
from core.experiments.race.spec import RaceSpec
from core.experiments.sweep.results import BestRate, SweepResults, fit_of, mean_steps
from core.lessons.tune_the_rate.rules import RULES, predicted_rates, reference
from core.lessons.tune_the_rate.words import (
    best_sentence,
    noise_scale_sentence,
    rules_sentence,
    summary_of,
    target_sentences,
)
from core.ui.charts import LIVE_ALT, above_chart, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import OnPage, View, same_subject
from core.ui.page import plain
from core.ui.plots.sweep import draw_rates, draw_steps
from core.ui.points import by_size_frame


def draw_sweep(view: View, choices: Choices, noise: OnPage) -> None:
    """All charts and sentences; `noise` is a measurement of noise, for the scale beside the fit."""
    scales = scales_beside(noise, view.race)
    st.caption(plain(summary_of(view.results)))
    sentences = show_rates(view)
    st.subheader("How far does a larger batch carry?", anchor=False)
    sentences.append(show_target(view, choices, scales))
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence) for sentence in sentences))


# ---- the rate


def show_rates(view: View) -> list[str]:
    """Where each rate ends, and the best of them; returns what is seen as sentences."""
    results: SweepResults = view.results
    best = results.best_rates()
    left, right = st.columns(2, gap="medium")
    with left:
        above_chart("**Where each rate ends**: validation loss at the end of the budget, with 95% t intervals.")
        ends = draw_rates(results, view.live)
    with right:
        above_chart("**The best rate of each batch size.** Bars: the rates that these seeds cannot tell from it.")
        tuned = draw_best(view, best)
    rates = results.spec.learning_rates
    st.markdown("\n".join(f"- {best_sentence(b, best.get(b), rates)}" for b in results.batch_sizes))
    st.markdown(rules_sentence(best))
    return [ends, tuned]


def draw_best(view: View, best: dict[int, BestRate]) -> str:
    """The best rate by batch size, beside what the rules predict; returns what it shows as a sentence."""
    results: SweepResults = view.results
    rows = [(b, rate.rate, rate.lowest, rate.highest) for b, rate in best.items()]
    points = pd.DataFrame(rows, columns=["batch_size", "sigma", "low", "high"])
    sizes, theory = results.batch_sizes, rule_lines(results.batch_sizes, best)
    rates = [*results.spec.learning_rates, *theory["sigma"]]
    sentence = charts.describe_noise(points, "Best learning rate", interval="as good")
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title="best learning rate", interval="as good"),
        "sweep_best",
        f"Best learning rate by batch size: {LIVE_ALT}" if view.live else sentence,
        noise=points,
        theory=theory,
        frame=by_size_frame(sizes, min(rates), max(rates)),
    )
    return sentence


def rule_lines(sizes: tuple[int, ...], best: dict[int, BestRate]) -> pd.DataFrame:
    """batch_size, sigma, label, line: each rule as a straight line from the first batch size to the last."""
    rows = []
    if reference(best):
        first, last = (predicted_rates(best, size) for size in (sizes[0], sizes[-1]))
        rows = [row for r in RULES for row in ((sizes[0], first[r], "", r), (sizes[-1], last[r], r, r))]
    return pd.DataFrame(rows, columns=["batch_size", "sigma", "label", "line"])


# ---- the target


def show_target(view: View, choices: Choices, scales: Mapping[int, NoiseScale]) -> str:
    """How many steps each batch size takes to a loss, and the fit; returns what is seen as a sentence."""
    results: SweepResults = view.results
    st.markdown(
        "How many steps does each batch size take to the same validation loss, at the rate that gets it there soonest? "
        "If S(B) = S_min + E_min / B, then no batch is so large that fewer than **S_min steps** do, and none so small "
        "that fewer than **E_min windows** do. In between, at B = E_min / S_min, a run takes twice the least of both."
    )
    narrow, _ = st.columns([1, 2])
    with narrow:
        choices.number("target", format="%.2f")
    target = choices.target or results.usual_target() or 0.0
    runs = results.runs_to(target)
    fit = fit_of(runs)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        steps = draw_steps(results, runs, fit, view.live)
    with right:
        st.table(way_to_target(results, runs))
    sentences = target_sentences(results, runs, fit, target)
    sentences.append(noise_scale_sentence(scales, view.race.block_size))
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    return steps


def way_to_target(results: SweepResults, runs: pd.DataFrame) -> pd.DataFrame:
    """The geometric mean of the steps, as in the chart, and the tokens that they read, by batch size."""
    T, rows = results.spec.race.block_size, {}
    for batch_size in results.batch_sizes:
        mine = runs[runs["batch_size"] == batch_size]
        steps = mean_steps(mine["steps"]) if len(mine) else np.nan
        reached = np.isfinite(steps)
        rows[f"B = {batch_size}"] = (
            f"{mine['rate'].iloc[0]:g}" if len(mine) else "–",
            charts.format_significant(steps) if reached else "–",
            charts.format_count(steps * batch_size * T) if reached else "–",
        )
    return pd.DataFrame.from_dict(rows, "index", columns=["rate", "steps", "tokens"])


def scales_beside(noise: OnPage, race: RaceSpec) -> Mapping[int, NoiseScale]:
    """The noise scale by step, where it was measured on the same text and model."""
    measured = noise.view()
    return measured.results.scales if same_subject(race, measured.race) else {}
