"""The charts of a race, in the same places whatever has arrived, so that nothing jumps."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.corpus import visible
from core.experiments.race.results import RaceResults
from core.measure.comparison import lead_of
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.overfitting import show_overfitting
from core.ui.plots.race import X_TITLES, draw_loss, draw_noise


def draw_charts(view: View, choices: Choices) -> None:
    """All charts of a race, their numbers as sentences, and the texts that its models write."""
    curves, axis, live, recorded = view.results, choices.axis, view.live, view.recorded

    def look(point: dict) -> None:
        batch_size, seed = int(point["batch_size"]), int(point["seed"])
        try:
            choices.set(
                chosen_loss=(batch_size, seed, curves.step_at(axis, batch_size, seed, point["x"], point["loss"]))
            )
        except ValueError as error:
            choices.tell(str(error))

    wide, narrow = st.columns([2, 1], gap="medium")
    with wide:
        st.markdown(
            "**Training loss at every step.** Thin: a seed. Thick: the mean of the seeds. "
            "Band: from the lowest seed to the highest. **Click a point** to see the batch that gave it."
        )
        training = draw_loss(curves, axis, "training", live, recorded, on_pick=look)
    with narrow:
        st.markdown("**How noisy is the loss?** Its spread from step to step, with 95% intervals.")
        noise = draw_noise(view)
    wide, narrow = st.columns([2, 1], gap="medium")
    with wide:
        st.markdown(
            f"**Validation loss**, on {curves.spec.train.eval_windows} windows of text that no run trains on, the same "
            "ones always. Band: 95% t interval of the mean of the seeds."
        )
        validation = draw_loss(curves, axis, "validation", live, recorded)
    with narrow:
        st.markdown(f"**Tokens a second** of one run alone{'' if recorded else ', on this machine'}.")
        speed = draw_speed(curves, live)
    said = [lead_sentence(curves, axis, live) for axis in X_TITLES]
    st.markdown("\n".join(f"- {sentence}" for sentence in [*said, noise_sentence(curves)]))
    show_overfitting({f"B = {b}": rise for b, rise in curves.rises().items()}, curves.started)
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join((noise, training, validation, speed, ways_sentence(curves))))
    show_texts(curves)


def ways_sentence(curves: RaceResults) -> str:
    """How its runs were executed."""
    if not curves.executions:
        return ""
    said = []
    for execution in curves.executions:
        seeds, micro = min(execution.seeds_at_once, curves.spec.train.num_seeds), execution.micro_batch_size
        together = f"{seeds} seeds in one call" if seeds > 1 else "each seed by itself"
        parts = f", {micro} windows at a time" if micro < execution.batch_size else ""
        said.append(
            f"B = {execution.batch_size}: {together}{parts}{', products by oneDNN' if execution.onednn else ''}"
        )
    tried = " (the fastest plan that was tried)" if curves.started.device == "cpu" else ""
    return f"How the runs were executed{tried}: {'; '.join(said)}."


def lead_sentence(curves: RaceResults, axis: str, live: bool) -> str:
    """Who leads at equal steps, tokens or seconds, by how much, and whether these seeds can tell. While a race goes on,
    that is looked at again and again, and once in a while chance will look like a lead."""
    x, losses = curves.validation_at_equal(axis)
    lead = lead_of(losses)
    amount = {"steps": f"{x:,.0f} steps", "tokens": f"{charts.format_count(x)} tokens"}.get(
        axis, f"{charts.format_seconds(x)} of one run alone"
    )
    if lead is None:
        return f"**At equal {axis}**: not measured yet."
    said = (
        f"**At equal {axis}** ({amount}): **B = {lead.leader}** has the lowest validation loss, {lead.loss:.3f}; "
        f"B = {lead.second} is {lead.difference:.3f} behind"
    )
    if lead.num_seeds == 1:
        return f"{said}. One seed cannot tell whether that is chance."
    interval = f"95% interval {lead.low:.3f} to {lead.high:.3f}, paired over {lead.num_seeds} seeds".replace("-", "−")
    verdict = "**not resolved**: these seeds cannot tell the two apart"
    if lead.resolved:
        verdict = "resolved so far" if live else "resolved"
    return f"{said} ({interval}): {verdict}."


def noise_sentence(curves: RaceResults) -> str:
    """Whether the noise falls as 1/√B, from its numbers; and where it is not of noise alone."""
    scaled = {b: n.sigma * b**0.5 for b, n in sorted(curves.noise.items())}
    if len(scaled) < 2:
        return "**Noise × √B**: not measured yet."
    values = ", ".join(f"{charts.format_significant(v)} (B = {b})" for b, v in scaled.items())
    spread = (max(scaled.values()) - min(scaled.values())) / np.mean(list(scaled.values()))
    said = (
        f"**Noise × √B**: {values}. If the noise falls as 1/√B, these are equal; here the largest and the smallest "
        f"differ by {charts.format_significant(100 * spread)}% of their mean."
    )
    falling = [f"B = {b}" for b, n in sorted(curves.noise.items()) if n.fall > n.sigma]
    if falling:
        said += f" So far the loss at {' and '.join(falling)} falls by more a step than it jitters: that is in it too."
    return said


def draw_speed(curves: RaceResults, live: bool) -> str:
    rows = [
        {"batch_size": b, "tokens_per_second": b * curves.spec.block_size / seconds}
        for b, seconds in sorted(curves.step_seconds.items())
    ]
    speed = pd.DataFrame(rows, columns=["batch_size", "tokens_per_second"])
    top = charts.round_end(1.25 * speed["tokens_per_second"].max()) if rows else 1000.0
    sentence = charts.describe_throughput(speed)
    draw(
        spec_of(charts.throughput_chart, curves.batch_sizes, theme()),
        "race_speed",
        f"Tokens a second by batch size: {LIVE_ALT}" if live else sentence,
        speed=speed,
        frame=pd.DataFrame({"tokens_per_second": [top]}),
    )
    return sentence


def show_texts(curves: RaceResults) -> None:
    """What the first seed of each batch size wrote last, with control characters made visible."""
    st.markdown("**What each model writes**, drawn token by token from its own predictions (first seed).")
    for column, batch_size in zip(st.columns(len(curves.batch_sizes)), curves.batch_sizes, strict=True):
        last = curves.texts[batch_size][-1] if curves.texts[batch_size] else None
        step, text = (last.step, last.text) if last else (0, "")
        column.caption(f"B = {batch_size}, after {step:,} steps")
        shown = "".join(c if c in " \n" else visible(c) for c in text)
        column.code(shown or "nothing yet", language=None, wrap_lines=True, height=150)
