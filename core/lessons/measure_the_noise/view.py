"""A measurement of noise on a page: batches around the whole text, their spread by batch size, the noise scale."""

import math

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.noise.messages import NoiseScale
from core.experiments.noise.results import NoiseResults
from core.lessons.measure_the_noise.words import (
    design_effect_sentence,
    slope_sentence,
    squared_norm_sentence,
    summary_of,
)
from core.measure.intervals import without_replacement
from core.ui.charts import LIVE_ALT, above_chart, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.page import plain
from core.ui.plots.noise import draw_scale
from core.ui.sentences import scale_sentence

NO_THEORY = pd.DataFrame(columns=["batch_size", "sigma", "label", "line"])


def draw_noise(view: View, choices: Choices) -> None:
    """All charts and sentences, at the step that is chosen."""
    results: NoiseResults = view.results
    st.caption(plain(summary_of(results)))
    steps = results.spec.steps
    if choices.noise_at_step not in steps:
        choices.set(noise_at_step=steps[0])
    choices.segments("noise_at_step", options=steps, format_func="{:,}".format)
    at = choices.noise_at_step
    sentences = [*show_loss(view, at), *show_gradient(view, at)]
    st.subheader("How much noise is that, for this gradient?", anchor=False)
    sentences += [show_scale(view), squared_norm_sentence(results.scales)]
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence) for sentence in sentences))


# ---- the loss


def show_loss(view: View, step: int) -> list[str]:
    """The loss of each batch, and how far they lie from the whole text's; returns what is seen as sentences."""
    results: NoiseResults = view.results
    whole, theory = results.whole.get(step), NO_THEORY
    if whole:
        theory = loss_theory(results.spec.batch_sizes, whole.sigma, results.started.num_windows)
    left, right = st.columns(2, gap="medium")
    with left:
        above_chart("**The loss of each batch.** Line: the loss of the whole text.")
        strips = draw_strips(view, step, "loss", "loss (nats per token)", whole.loss if whole else None)
    with right:
        above_chart("**How far batch losses lie from it**, with 95% intervals. Rings: no window twice in a batch.")
        spread = draw_spread(view, step, "loss", theory, "spread of batch losses (nats)")
    st.markdown(slope_sentence(results.slopes.get((step, "loss"))))
    st.markdown(design_effect_sentence(results.spec.race.block_size, whole.design_effect if whole else math.nan))
    return [strips, spread]


def loss_theory(batch_sizes: tuple[int, ...], sigma: float, num_windows: int) -> pd.DataFrame:
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


def show_gradient(view: View, step: int) -> list[str]:
    """The same of gradients."""
    results: NoiseResults = view.results
    scale = results.scales.get(step)
    theory = gradient_theory(results.spec.batch_sizes, scale) if scale else NO_THEORY
    left, right = st.columns(2, gap="medium")
    with left:
        above_chart("**The direction of each batch's gradient**: its cosine with the whole text's. 1 is the same way.")
        strips = draw_strips(view, step, "cosine", "cosine with the whole gradient")
    with right:
        above_chart("**How far batch gradients lie from the whole text's**, root mean square, with 95% intervals.")
        spread = draw_spread(view, step, "gradient", theory, "distance from the whole text's gradient")
    st.markdown(slope_sentence(results.slopes.get((step, "gradient"))))
    return [strips, spread]


def gradient_theory(batch_sizes: tuple[int, ...], scale: NoiseScale) -> pd.DataFrame:
    """What the distance must be, √(tr Σ / B)."""
    first, last = batch_sizes[0], batch_sizes[-1]
    sizes = np.array([first, (first * last) ** 0.5, last])
    sigmas = (max(scale.trace_cov, 0.0) / sizes) ** 0.5
    return pd.DataFrame({"batch_size": sizes, "sigma": sigmas, "label": ["", "√(tr Σ / B)", ""], "line": ""})


# ---- both


def draw_strips(view: View, step: int, what: str, y_title: str, whole: float | None = None) -> str:
    """Every batch that was kept; returns what is seen as a sentence."""
    batches, sizes = view.results.batch_table(step, what), view.results.spec.batch_sizes
    sentence = charts.describe_strips(batches, y_title.capitalize())
    lines = [(whole, f"whole text: {whole:.4f}")] if whole is not None else []
    draw(
        spec_of(charts.strips_chart, sizes, theme(), y_title=y_title),
        f"noise_{what}_strips",
        f"{y_title.capitalize()}, batch by batch: {LIVE_ALT}" if view.live else sentence,
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


def draw_spread(view: View, step: int, quantity: str, theory: pd.DataFrame, y_title: str) -> str:
    """Spread against batch size, of losses also without replacement; returns what is seen as a sentence."""
    results: NoiseResults = view.results
    sizes, tables = results.spec.batch_sizes, {"noise": results.spread_table(step, quantity)}
    if quantity == "loss":
        tables["distinct"] = results.spread_table(step, "distinct")
    shown = pd.concat([theory["sigma"], *(table[bound] for table in tables.values() for bound in ("low", "high"))])
    shown = shown[shown > 0]
    y = charts.round_log_domain(shown.min(), shown.max()) if len(shown) else (0.01, 1.0)
    sentence = charts.describe_noise(tables["noise"], y_title.capitalize())
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title=y_title, distinct="distinct" in tables),
        f"noise_{quantity}_spread",
        f"{y_title.capitalize()} by batch size: {LIVE_ALT}" if view.live else sentence,
        theory=theory,
        frame=charts.frame_corners(
            charts.round_log_domain(sizes[0] / 1.2, sizes[-1] * 1.2, base=2), y, x_column="batch_size", y_column="sigma"
        ),
        **tables,
    )
    return sentence


# ---- the noise scale


def show_scale(view: View) -> str:
    """The path of the noise scale over training, and what it is and is not."""
    results: NoiseResults = view.results
    T, steps = results.spec.race.block_size, results.spec.steps
    left, right = st.columns([1.2, 1], gap="medium")
    with left:
        sentence = draw_scale(results, view.live)
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
