"""A sweep over the learning rate on a page: the loss by rate, the best rate by batch size, the way to a target."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.race.spec import RaceSpec
from core.experiments.sweep.results import BestRate, SweepResults, fit_of, mean_steps
from core.measure.targets import FEWEST, Fitted, StepsFit
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View, own_or_recorded, same_subject
from core.ui.page import plain
from core.ui.plots.noise import scale_sentence
from core.ui.plots.sweep import draw_rates, draw_steps
from core.ui.points import by_size_frame
from core.ui.texts import model_size, source_title

RULES = {"fixed": 0.0, "square root": 0.5, "linear": 1.0}  # the power of B that the rate grows with


def draw_sweep(view: View, choices: Choices) -> None:
    """All charts and sentences."""
    results, live, beside = view.results, view.live, noise_sentence(choices, view.race)
    st.caption(plain(summary_of(results)))
    left, right = st.columns(2, gap="medium")
    best = results.best_rates()
    with left:
        st.markdown("**Where each rate ends**: validation loss at the end of the budget, with 95% t intervals.")
        said = [draw_rates(results, live)]
    with right:
        st.markdown("**The best rate of each batch size.** Bars: the rates that these seeds cannot tell from it.")
        said.append(draw_best(results, best, live))
    st.markdown("\n".join(f"- {best_sentence(b, best.get(b), results)}" for b in results.batch_sizes))
    st.markdown(rules_sentence(results, best))

    st.subheader("How far does a larger batch carry?", anchor=False)
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
        said.append(draw_steps(results, runs, fit, live))
    with right:
        st.table(way_to_target(results, runs))
    st.markdown("\n".join(f"- {line}" for line in [*target_sentences(results, runs, fit, target), beside]))
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence) for sentence in said))


def summary_of(results: SweepResults) -> str:
    """What was run, for the case that the choices have changed since."""
    race = results.spec.race
    plan = race.train
    return (
        f"This sweep: {source_title(race.source)}, tokens by {race.tokenizer}; block size {race.block_size}; "
        f"{model_size(race)}; {len(results.spec.learning_rates)} "
        f"learning rates, each the same at every batch size; β₂ {plan.betas[1]:g}"
        + (f" at B = {plan.reference_batch_size}, its half-life in tokens kept" if plan.beta2_rule != "fixed" else "")
        + f"; seeds {plan.seeds[0]} to {plan.seeds[-1]}; {charts.format_count(plan.max_tokens)} tokens a run."
    )


# ---- the rate


def draw_best(results: SweepResults, best: dict[int, BestRate], live: bool) -> str:
    rows = [(b, found.rate, found.lowest, found.highest) for b, found in best.items()]
    points = pd.DataFrame(rows, columns=["batch_size", "sigma", "low", "high"])
    sizes = results.batch_sizes
    middle = reference(best)
    theory = pd.DataFrame(columns=["batch_size", "sigma", "label", "line"])
    if middle:
        x = np.array([sizes[0], sizes[-1]])
        theory = pd.concat(
            pd.DataFrame(
                {"batch_size": x, "sigma": best[middle].rate * (x / middle) ** power, "label": ["", name], "line": name}
            )
            for name, power in RULES.items()
        )
    rates = [*results.spec.learning_rates, *theory["sigma"]]
    sentence = charts.describe_noise(points, "Best learning rate", interval="as good")
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title="best learning rate", interval="as good"),
        "sweep_best",
        f"Best learning rate by batch size: {LIVE_ALT}" if live else sentence,
        noise=points,
        theory=theory,
        frame=by_size_frame(sizes, min(rates), max(rates)),
    )
    return sentence


def reference(best: dict[int, BestRate]) -> int | None:
    """The middle batch size, which the rules start from."""
    return sorted(best)[len(best) // 2] if len(best) > 1 else None


def best_sentence(batch_size: int, best: BestRate | None, results: SweepResults) -> str:
    if best is None:
        return f"B = {batch_size}: {charts.NOT_MEASURED}."
    rates = results.spec.learning_rates
    others = edge = ""
    if best.lowest < best.highest:
        others = f"; these seeds cannot tell it from {best.lowest:g} to {best.highest:g}"
    if best.rate in (rates[0], rates[-1]):
        edge = " It is at the edge of the rates tried: the best may lie beyond."
    return f"B = {batch_size}: **{best.rate:g}**, validation loss {best.loss:.3f}{others}.{edge}"


def rules_sentence(results: SweepResults, best: dict[int, BestRate]) -> str:
    """What each rule would have said at the largest batch size, from the best rate in the middle."""
    middle, largest = reference(best), max(best, default=0)
    if not middle or middle == largest:
        return "What each rule would have predicted comes when the rates have been measured."
    found, times = best[largest], largest / middle
    said = ", ".join(f"{name} {best[middle].rate * times**power:.3g}" for name, power in RULES.items())
    others = f", or from {found.lowest:g} to {found.highest:g}" if found.lowest < found.highest else ""
    return (
        f"**The rules are hypotheses.** From the best rate at B = {middle} they predict for B = {largest}: {said}. "
        f"Measured: **{found.rate:g}**{others}."
    )


# ---- the target


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


def target_sentences(results: SweepResults, runs: pd.DataFrame, fit: StepsFit | None, target: float) -> list[str]:
    lines = [f"Target: **{target:.2f}** nats per token. Points: geometric mean of the seeds, with its 95% t interval."]
    missed = [
        f"B = {b} ({np.isinf(rows['steps']).sum()} of {len(rows)} runs)"
        for b, rows in runs.groupby("batch_size")
        if np.isinf(rows["steps"]).any()
    ]
    if missed:
        lines.append(
            f"Did not reach it within the budget: {', '.join(missed)}. A ring stands at the end of the budget; these "
            "batch sizes are not in the fit."
        )
    if fit is None:
        reached = sum(bool(np.isfinite(rows["steps"]).all()) for _, rows in runs.groupby("batch_size"))
        if reached < FEWEST:
            few = "Too few batch sizes reached the target for a fit: three are needed, with all their seeds."
            return [*lines, few]
        return [*lines, "No fit: in these batch sizes the curve shows no bend, or nothing but one end of it."]
    T = results.spec.race.block_size
    within = results.batch_sizes[0] <= fit.b_crit.value <= results.batch_sizes[-1]
    lines.append(f"**S_min = {fitted_sentence(fit.s_min)} steps**; **E_min = {fitted_sentence(fit.e_min)} windows**.")
    lines.append(
        f"The batch size that the fit implies, E_min / S_min: **{fitted_sentence(fit.b_crit)} windows** of {T} tokens. "
        "It holds for this text, this model and this target."
        + (
            ""
            if within
            else " It lies beyond the batch sizes that were run: the form of the curve says so, no run does."
        )
    )
    return lines


def noise_sentence(choices: Choices, race: RaceSpec) -> str:
    """The noise scale, where it was measured on the same text and model."""
    what = "**The simple noise scale** (lesson “Measure the noise”) is a guess at such a number from gradients alone"
    noise = own_or_recorded(choices, "noise").view()
    if not (same_subject(race, noise.race) and noise.results.scales):
        return f"{what}. Measure it on this text and this model, and it will stand here."
    T = race.block_size
    said = " ".join(f"After {step:,} steps: {scale_sentence(m, T)}" for step, m in sorted(noise.results.scales.items()))
    return f"{what}. {said} Intervals: 95%, bootstrap."


def fitted_sentence(fitted: Fitted) -> str:
    number = charts.format_significant
    if not fitted.resolved:
        return f"not resolved (95% interval {number(fitted.low)} to {number(fitted.high)})"
    return f"{number(fitted.value)} (95% interval {number(fitted.low)} to {number(fitted.high)})"
