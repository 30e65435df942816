"""A measurement of noise on a page: batches around the whole text, their spread by batch size, the noise scale."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.noise.messages import NoiseScale
from core.experiments.noise.results import NoiseResults
from core.lessons.measure_the_noise.words import (
    answer_sentence,
    design_effect_sentence,
    numbers_of,
    scale_numbers,
    slope_sentence,
    summary_of,
    whole_note,
)
from core.measure.estimate import Unresolved
from core.measure.intervals import without_replacement
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import View
from core.ui.glossary import explain
from core.ui.page import folded, plain, show_answer
from core.ui.plots.noise import draw_scale
from core.ui.settings import choose_device, choose_text_and_model

NO_THEORY = pd.DataFrame(columns=["batch_size", "sigma", "label", "line"])
HEIGHT = 280
NATS = explain("loss", "nat")
SLOPE = explain(
    "noise, spread σ", here="On two logarithmic axes a power law is a straight line; 1/√B has the slope −1/2."
)
COSINE = explain("cosine", "gradient")
SCALE = explain("noise scale", "|G|², tr Σ")


def choose_steps(choices: Choices) -> None:
    choices.several("noise_steps", "Freeze the weights after these steps")


def choose_measurement(choices: Choices) -> None:
    """All settings but the steps."""
    choices.several("noise_sizes")
    left, middle, right = st.columns(3)
    choose_text_and_model(choices, left, middle)
    with right:
        choices.number("num_batches")
        choices.number("train_batch_size")
        choices.number("learning_rate")
        choices.number("seed", "Seed")
        choose_device(choices)


def draw_noise(view: View, choices: Choices, at: int) -> None:
    """The answer and the losses; `at` is the step that is chosen as the page is drawn."""
    results: NoiseResults = view.results
    if choices.noise_at_step not in results.spec.steps:
        choices.correct(noise_at_step=results.spec.steps[0])
    step = choices.noise_at_step
    show_answer(answer_sentence(results, step))
    show_loss(view, choices, step)
    if step != at:
        st.rerun()  # the whole page: the rest of it shows the same step


def draw_the_rest(view: View, choices: Choices, _at: int) -> None:
    """The gradient and the noise scale; and folded, the details."""
    results: NoiseResults = view.results
    step = choices.noise_at_step
    show_gradient(view, step)
    with folded("How far batch gradients lie from the whole text's", "noise_gradients") as shown:
        if shown:
            show_gradient_spread(view, step)
    with folded("Why not 1/√(B·T)? The tokens of a window are not independent", "noise_design") as shown:
        if shown:
            whole = results.whole.get(step)
            effect = whole.design_effect if whole else None
            st.markdown(design_effect_sentence(results.spec.race.block_size, effect), help=explain("design effect"))
    with folded("The noise scale: what it is, and its numbers", "noise_scale") as shown:
        if shown:
            show_scale(results)
    with folded("The charts in numbers", "noise_numbers") as shown:
        if shown:
            rows = [numbers_of(results, step, b) for b in results.spec.batch_sizes]
            st.table(pd.DataFrame(rows).set_index("batch size"))
            st.caption(f"After {step:,} steps; in brackets, 95% intervals. {plain(summary_of(results))}")


# ---- the loss


def show_loss(view: View, choices: Choices, step: int) -> None:
    """The loss of each batch, and how far they lie from the whole text's."""
    results: NoiseResults = view.results
    whole, theory = results.whole.get(step), NO_THEORY
    if whole:
        theory = loss_theory(results.spec.batch_sizes, whole.sigma, results.started.num_windows)
    left, right = st.columns([1.4, 1], gap="medium")
    with left:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("Loss of each batch", anchor=False, help=NATS, width="content")
            choices.segments(
                "noise_at_step",
                "Weights frozen after this many steps",
                options=results.spec.steps,
                format_func=lambda s: charts.counted(s, "step"),
                label_visibility="collapsed",
            )
        draw_strips(view, step, "loss", "loss (nats per token)", whole.loss if whole else None)
        st.caption(whole_note(results, step))
    with right:
        st.subheader("How far from the whole text?", anchor=False, help=SLOPE)
        draw_spread(view, step, "loss", theory, "spread of batch losses (nats)")
        st.caption("Standard deviation around the whole text's loss, with 95% intervals. Rings: no window twice.")


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


def show_gradient(view: View, step: int) -> None:
    """Which way each batch's gradient points, and how its noise grows along a training run."""
    left, right = st.columns([1.4, 1], gap="medium")
    with left:
        st.subheader("Does a batch's gradient point the right way?", anchor=False, help=COSINE)
        draw_strips(view, step, "cosine", "cosine with the whole gradient")
        st.caption(
            f"A tick is a batch, after {step:,} steps. At 1 it points the same way as the whole text's gradient."
        )
    with right:
        st.subheader("The noise scale", anchor=False, help=SCALE)
        draw_scale(view.results, view.live)
        st.caption("The batch size whose noise is as long as its gradient, with 95% bootstrap intervals.")


def show_gradient_spread(view: View, step: int) -> None:
    results: NoiseResults = view.results
    scale = results.scales.get(step)
    theory = NO_THEORY
    if scale and scale.doubt in ("", Unresolved.HIDDEN):  # what hides |G|² does not hide tr Σ
        theory = gradient_theory(results.spec.batch_sizes, scale)
    left, right = st.columns([1.2, 1], gap="medium")
    with left:
        draw_spread(view, step, "gradient", theory, "distance from the whole text's gradient")
    with right:
        st.markdown(f"Root mean square, with 95% intervals, after {step:,} steps.")
        st.markdown(slope_sentence(results.slopes.get((step, "gradient"))))


def gradient_theory(batch_sizes: tuple[int, ...], scale: NoiseScale) -> pd.DataFrame:
    """What the distance must be, √(tr Σ / B)."""
    first, last = batch_sizes[0], batch_sizes[-1]
    sizes = np.array([first, (first * last) ** 0.5, last])
    sigmas = (max(scale.trace_cov, 0.0) / sizes) ** 0.5
    return pd.DataFrame({"batch_size": sizes, "sigma": sigmas, "label": ["", "√(tr Σ / B)", ""], "line": ""})


# ---- both


def draw_strips(view: View, step: int, what: str, y_title: str, whole: float | None = None) -> None:
    """Every batch that was kept."""
    batches, sizes = view.results.batch_table(step, what), view.results.spec.batch_sizes
    sentence = charts.describe_strips(batches, y_title.capitalize())
    lines = [(whole, "")] if whole is not None else []
    draw(
        spec_of(charts.strips_chart, sizes, theme(), y_title=y_title, height=HEIGHT),
        f"noise_{what}_strips",
        f"{y_title.capitalize()}, batch by batch: {LIVE_ALT}" if view.live else sentence,
        batches=batches,
        whole=pd.DataFrame(lines, columns=["y", "label"]),
        frame=charts.frame_corners(
            (sizes[0], sizes[-1]), value_domain(batches["value"], what), x_column="batch_size"
        ).astype({"batch_size": int}),
    )


def value_domain(values: pd.Series, what: str) -> tuple[float, float]:
    """Of an axis of losses, or of cosines."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if what == "cosine":
        return charts.round_domain(min(0.0, low), 1.0, 0.2)
    return charts.round_domain(low, high, charts.round_step(high - low))


def draw_spread(view: View, step: int, quantity: str, theory: pd.DataFrame, y_title: str) -> None:
    """Spread against batch size, of losses also without replacement."""
    results: NoiseResults = view.results
    sizes, tables = results.spec.batch_sizes, {"noise": results.spread_table(step, quantity)}
    if quantity == "loss":
        tables["distinct"] = results.spread_table(step, "distinct")
    shown = pd.concat([theory["sigma"], *(table[bound] for table in tables.values() for bound in ("low", "high"))])
    shown = shown[shown > 0]
    y = charts.round_log_domain(shown.min(), shown.max()) if len(shown) else (0.01, 1.0)
    sentence = charts.describe_noise(tables["noise"], y_title.capitalize())
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title=y_title, distinct="distinct" in tables, height=HEIGHT),
        f"noise_{quantity}_spread",
        f"{y_title.capitalize()} by batch size: {LIVE_ALT}" if view.live else sentence,
        theory=theory,
        frame=charts.frame_corners(
            charts.round_log_domain(sizes[0] / 1.2, sizes[-1] * 1.2, base=2), y, x_column="batch_size", y_column="sigma"
        ),
        **tables,
    )


# ---- the noise scale


def show_scale(results: NoiseResults) -> None:
    """What the noise scale is and is not, and its numbers."""
    st.markdown(
        "The **simple noise scale**, tr Σ / |G|², is the batch size at which the noise in a batch's gradient is as "
        "long as the gradient itself. Well below it, batches mostly disagree. Well above it, they mostly repeat each "
        "other. |G|² is the squared length of the whole text's gradient; tr Σ is the mean squared distance of one "
        "window's gradient from it.",
        help=explain("noise scale", "clipping"),
    )
    st.table(pd.DataFrame([scale_numbers(results, step) for step in results.spec.steps]).set_index("steps"))
    st.caption(
        "In brackets, 95% intervals, by bootstrap over the batches. Measured before clipping (which shortens a "
        "gradient that is too long), at frozen weights. It is a proxy: it knows nothing of the optimizer or of how the "
        "loss curves, and it says what a batch is worth at these weights, not which batch size is best."
    )
