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
    answer_sentence,
    best_sentence,
    fit_sentences,
    help_sentences,
    noise_scale_sentence,
    rules_sentence,
    summary_of,
    target_sentence,
)
from core.measure.targets import StepsFit
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import OnPage, View, same_subject
from core.ui.glossary import T_INTERVAL, explain
from core.ui.page import folded, plain, show_answer
from core.ui.plots.sweep import draw_rates, draw_steps
from core.ui.points import by_size_frame
from core.ui.sentences import rate_numbers
from core.ui.settings import choose_device, choose_text_and_model

HEIGHT = 280
SEEDS = explain(
    "learning rate",
    "seed",
    "nat",
    here="Each point is the mean of several runs that differ only in their seed.",
)
RULES_HELP = explain(
    "95% interval",
    "paired",
    here="Two rates are tied where the 95% interval of their difference, paired seed by seed, contains 0.",
)
STEPS_HELP = explain(
    "S_min, E_min",
    here="The steps that each batch size takes to the same validation loss, at the rate that reaches it first. Twice "
    "the batch may save half of them, or hardly any.",
)


def choose_sizes(choices: Choices) -> None:
    choices.several("sweep_sizes")


def choose_sweep(choices: Choices) -> None:
    """All settings but the batch sizes."""
    choices.several("sweep_rates")
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    with right:
        choices.number("sweep_tokens")
        choices.number("num_seeds")
        choices.select("beta2_rule")
        choices.number("seed")
        choose_device(choices)


def draw_sweep(view: View, _choices: Choices, _noise: OnPage) -> None:
    """The answer, and where each rate ends."""
    results: SweepResults = view.results
    best = results.best_rates()
    show_answer(answer_sentence(best, results.spec.learning_rates))
    left, right = st.columns([1.4, 1], gap="medium")
    with left:
        st.subheader("Validation loss at each learning rate", anchor=False, help=SEEDS)
        draw_rates(results, view.live, height=HEIGHT)
        st.caption("At the end of the budget: mean of the runs, with 95% t intervals.", help=T_INTERVAL)
    with right:
        st.subheader("The best rate", anchor=False, help=RULES_HELP)
        draw_best(view, best)
        st.caption("Bars: the rates that are tied with it. Dashed: what the rules predict from the middle batch size.")


def draw_the_rest(view: View, choices: Choices, noise: OnPage) -> None:
    """How much a larger batch helps; and folded, the details. `noise` is a measurement of noise, for the scale."""
    results: SweepResults = view.results
    st.subheader("How much does a larger batch help?", anchor=False, help=STEPS_HELP)
    left, right = st.columns([1.4, 1], gap="medium")
    with right:
        choices.number("target", format="%.2f")
        target = choices.target or results.usual_target() or 0.0
        runs = results.runs_to(target)
        fit = fit_of(runs)
        st.table(way_to_target(results, runs))
    with left:
        draw_steps(results, runs, fit, view.live, height=HEIGHT)
        st.caption(target_sentence(target))
    st.markdown(" ".join(help_sentences(results, runs, fit)))
    best, rates = results.best_rates(), results.spec.learning_rates
    with folded("The best rate of each batch size, and the rules", "sweep_best") as shown:
        if shown:
            st.markdown("\n".join(f"- {best_sentence(b, best.get(b), rates)}" for b in results.batch_sizes))
            st.markdown(rules_sentence(best))
    with folded("The curve S_min + E_min / B, and the noise scale", "sweep_fit") as shown:
        if shown:
            show_fit(results, fit, scales_beside(noise, view.race))
    with folded("The charts in numbers", "sweep_numbers") as shown:
        if shown:
            st.table(pd.DataFrame([rate_numbers(results, rate) for rate in rates]).set_index("learning rate"))
            st.caption(
                f"Validation loss in nats per token, with 95% t intervals. {plain(summary_of(results))}",
                help=T_INTERVAL,
            )


# ---- the rate


def draw_best(view: View, best: dict[int, BestRate]) -> None:
    """The best rate by batch size, and what the rules predict."""
    results: SweepResults = view.results
    rows = [(b, rate.rate, rate.lowest, rate.highest) for b, rate in best.items()]
    points = pd.DataFrame(rows, columns=["batch_size", "sigma", "low", "high"])
    sizes, theory = results.batch_sizes, rule_lines(results.batch_sizes, best)
    rates = [*results.spec.learning_rates, *theory["sigma"]]
    sentence = charts.describe_noise(points, "Best learning rate", interval="tied")
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title="best learning rate", interval="tied", height=HEIGHT),
        "sweep_best",
        f"Best learning rate by batch size: {LIVE_ALT}" if view.live else sentence,
        noise=points,
        theory=theory,
        frame=by_size_frame(sizes, min(rates), max(rates)),
    )


def rule_lines(sizes: tuple[int, ...], best: dict[int, BestRate]) -> pd.DataFrame:
    """batch_size, sigma, label, line: each rule as a straight line from the first batch size to the last."""
    rows = []
    if reference(best):
        first, last = (predicted_rates(best, size) for size in (sizes[0], sizes[-1]))
        rows = [row for r in RULES for row in ((sizes[0], first[r], "", r), (sizes[-1], last[r], r, r))]
    return pd.DataFrame(rows, columns=["batch_size", "sigma", "label", "line"])


# ---- the target


def show_fit(results: SweepResults, fit: StepsFit | None, scales: Mapping[int, NoiseScale]) -> None:
    """What the dashed curve says, its numbers, and the noise scale."""
    st.markdown(
        "If S(B) = S_min + E_min / B, then no batch is so large that fewer than **S_min steps** are enough, and "
        "none so small that fewer than **E_min windows** are enough. In between, at B = E_min / S_min, a run needs "
        "twice the minimum of each."
    )
    sentences = [
        *(fit_sentences(results, fit) if fit else ()),
        noise_scale_sentence(scales, results.spec.race.block_size),
    ]
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences))


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
