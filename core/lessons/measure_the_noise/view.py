"""A measurement of noise on a page: batches around the whole text, their spread by batch size, the noise scale."""

import math

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.noise.results import NoiseResults
from core.measure.intervals import without_replacement
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.page import plain
from core.ui.plots.noise import draw_scale, scale_sentence
from core.ui.texts import model_size, source_title

NO_THEORY = pd.DataFrame(columns=["batch_size", "sigma", "label", "line"])


def draw_noise(view: View, choices: Choices) -> None:
    """All charts and sentences, at the step that is chosen."""
    results, live = view.results, view.live
    st.caption(plain(summary_of(results)))
    steps = results.spec.steps
    if choices.noise_at_step not in steps:
        choices.set(noise_at_step=steps[0])
    choices.segments("noise_at_step", options=steps, format_func="{:,}".format)
    at = choices.noise_at_step
    said = [*show_loss(results, at, live), *show_gradient(results, at, live)]
    st.subheader("How much noise is that, for this gradient?", anchor=False)
    said += [show_scale(results, live), check_sentence(results)]
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence) for sentence in said))


def summary_of(results: NoiseResults) -> str:
    """What was measured, for the case that the choices have changed since."""
    race, started = results.spec.race, results.started
    windows = ""
    if started:
        some = "" if started.all_windows else ", evenly spread over it"
        windows = (
            f" The text is {started.num_windows:,} windows of {race.block_size}{some}. Of each batch size, "
            f"{started.gradient_batches:,} batches for gradients and {started.loss_batches:,} for losses."
        )
    return (
        f"This measurement: {source_title(race.source)}, tokens by {race.tokenizer}; {model_size(race)}; "
        f"trained at B = {race.train.batch_sizes[0]}, learning rate "
        f"{race.train.learning_rate:g}, seed {race.train.first_seed}.{windows}"
    )


# ---- the loss


def show_loss(results: NoiseResults, step: int, live: bool) -> list[str]:
    whole = results.whole.get(step)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**The loss of each batch.** Line: the loss of the whole text.")
        told = draw_strips(results, step, "loss", "loss (nats per token)", live, whole and whole.loss)
    with right:
        st.markdown("**How far batch losses lie from it**, with 95% intervals. Rings: no window twice in a batch.")
        theory = NO_THEORY
        if whole:
            theory = theory_lines(results.spec.batch_sizes, whole.sigma, results.started.num_windows)
        spread = draw_spread(results, step, "loss", theory, "spread of batch losses (nats)", live)
    st.markdown(slope_sentence(results, step, "loss"))
    T, effect = results.spec.race.block_size, whole.design_effect if whole else math.nan
    number = charts.format_significant
    st.markdown(
        f"**Why not 1/√(B·T)?** A batch has B × {T} tokens, but those of one window are not independent. The mean of a "
        f"window varies as much as that of {T} tokens from anywhere would, times **{number(effect)}** (the design "
        f"effect, measured here): a window counts as {number(T / effect)} independent tokens"
        f"{', more than it has: below 1, their differences cancel rather than add up' if effect < 1 else ''}. The "
        "number that decides is B."
    )
    return [told, spread]


def theory_lines(batch_sizes: tuple[int, ...], sigma: float, num_windows: int) -> pd.DataFrame:
    """What the spread must be, from the losses of all windows: with replacement, and without."""
    sizes = np.geomspace(batch_sizes[0], batch_sizes[-1], 40)
    lines = {"with": sizes**-0.5, "without": without_replacement(np.minimum(sizes, num_windows), num_windows)}
    rows = [
        {"batch_size": b, "sigma": sigma * share, "label": "", "line": line}
        for line, shares in lines.items()
        for b, share in zip(sizes, shares, strict=True)
        if share > 0.02 * b**-0.5
    ]
    rows[len(sizes) // 2 - 1]["label"] = "all windows' spread / √B"
    return pd.DataFrame(rows)


# ---- the gradient


def show_gradient(results: NoiseResults, step: int, live: bool) -> list[str]:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**The direction of each batch's gradient**: its cosine with the whole text's. 1 is the same way.")
        told = draw_strips(results, step, "cosine", "cosine with the whole gradient", live)
    with right:
        st.markdown("**How far batch gradients lie from the whole text's**, root mean square, with 95% intervals.")
        theory = NO_THEORY
        if scale := results.scales.get(step):
            first, last = results.spec.batch_sizes[0], results.spec.batch_sizes[-1]
            sizes = np.array([first, (first * last) ** 0.5, last])
            sigmas = (max(scale.trace_cov, 0.0) / sizes) ** 0.5
            theory = pd.DataFrame({"batch_size": sizes, "sigma": sigmas, "label": ["", "√(tr Σ / B)", ""], "line": ""})
        spread = draw_spread(results, step, "gradient", theory, "distance from the whole text's gradient", live)
    st.markdown(slope_sentence(results, step, "gradient"))
    return [told, spread]


# ---- both


def draw_strips(
    results: NoiseResults, step: int, what: str, y_title: str, live: bool, whole: float | None = None
) -> str:
    """Every batch that was kept; returns what is seen as a sentence."""
    batches, sizes = results.batch_table(step, what), results.spec.batch_sizes
    sentence = charts.describe_strips(batches, y_title.capitalize())
    lines = [(whole, f"whole text: {whole:.4f}")] if whole is not None else []
    draw(
        spec_of(charts.strips_chart, sizes, theme(), y_title=y_title),
        f"noise_{what}_strips",
        f"{y_title.capitalize()}, batch by batch: {LIVE_ALT}" if live else sentence,
        batches=batches,
        whole=pd.DataFrame(lines, columns=["y", "label"]),
        frame=charts.frame_corners(
            (sizes[0], sizes[-1]), value_domain(batches["value"], what), x_column="batch_size"
        ).astype({"batch_size": int}),
    )
    return sentence


def value_domain(values: pd.Series, what: str) -> tuple[float, float]:
    """Of an axis of losses, or of cosines."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if what == "cosine":
        return min(0.0, math.floor(2 * low) / 2), 1.0
    return charts.round_domain(low, high, 10.0 ** math.floor(math.log10(max(high - low, 1e-6))) / 2)


def draw_spread(results: NoiseResults, step: int, quantity: str, theory: pd.DataFrame, y_title: str, live: bool) -> str:
    """Spread against batch size, of losses also without replacement; returns what is seen as a sentence."""
    sizes = results.spec.batch_sizes
    tables = {"noise": results.spread_table(step, quantity)}
    if quantity == "loss":
        tables["distinct"] = results.spread_table(step, "distinct")
    shown = pd.concat([theory["sigma"], *(table[bound] for table in tables.values() for bound in ("low", "high"))])
    shown = shown[shown > 0]
    y = charts.round_log_domain(shown.min(), shown.max()) if len(shown) else (0.01, 1.0)
    sentence = charts.describe_noise(tables["noise"], y_title.capitalize())
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title=y_title, distinct="distinct" in tables),
        f"noise_{quantity}_spread",
        f"{y_title.capitalize()} by batch size: {LIVE_ALT}" if live else sentence,
        theory=theory,
        frame=charts.frame_corners(
            charts.round_log_domain(sizes[0] / 1.2, sizes[-1] * 1.2, base=2), y, x_column="batch_size", y_column="sigma"
        ),
        **tables,
    )
    return sentence


def slope_sentence(results: NoiseResults, step: int, quantity: str) -> str:
    slope = results.slopes.get((step, quantity))
    if not slope:
        return "The fitted slope comes when all batch sizes have been measured."
    value, low, high = (f"{each:.3f}".replace("-", "−") for each in (slope.slope, slope.low, slope.high))
    holds = slope.low <= -0.5 <= slope.high
    verdict = (
        "which holds −½: four times the batch, half the noise"
        if holds
        else "which does not hold −½; of twenty such intervals, one misses the truth by chance"
    )
    return f"**Fitted slope: {value}** (95% interval {low} to {high}), {verdict}."


# ---- the noise scale


def show_scale(results: NoiseResults, live: bool) -> str:
    """The path of the noise scale over training, and what it is and is not."""
    T, steps = results.spec.race.block_size, results.spec.steps
    left, right = st.columns([1.2, 1], gap="medium")
    with left:
        sentence = draw_scale(results, live)
    with right:
        st.markdown(
            "The **simple noise scale**, tr Σ / |G|², is the batch size at which the noise in a batch's gradient is as "
            "long as the gradient itself. Well below it, batches mostly disagree; well above it, they mostly repeat "
            "each other. Intervals: 95%, bootstrap over the batches; before clipping, at weights that stand still."
        )
        st.markdown("\n".join(f"- After {s:,} steps: {scale_sentence(results.scales.get(s), T)}" for s in steps))
        st.caption(
            "It is a proxy: it knows nothing of the optimizer or of how the loss curves, and it says what a batch is "
            "worth at these weights, not which batch size is best."
        )
    return sentence


def check_sentence(results: NoiseResults) -> str:
    """The estimate of |G|² beside what it estimates, which is known here and nowhere else."""
    number = charts.format_significant
    parts = [
        f"{number(m.grad_sq_norm)} and {number(m.whole_grad_sq_norm)} at step {step:,}"
        for step, m in sorted(results.scales.items())
    ]
    return "|G|² as the batches estimate it, and of the whole text itself: " + ("; ".join(parts) or "not yet") + "."
