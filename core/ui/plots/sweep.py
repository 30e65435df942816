"""A sweep's losses by rate, and its steps to a target."""

from itertools import pairwise

import numpy as np
import pandas as pd

from core import charts
from core.experiments.sweep.results import SweepResults
from core.measure.comparison import mean_and_half_width
from core.measure.targets import StepsFit
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.points import by_size_frame


def draw_rates(results: SweepResults, live: bool, height: int = 320) -> None:
    """Where each rate ends, by batch size."""
    rates = results.rate_table()
    first, last = results.spec.learning_rates[0], results.spec.learning_rates[-1]
    y = charts.round_domain(rates["mean"].min(), rates["mean"].max(), 0.25) if len(rates) else (2.0, 3.5)
    ends = charts.end_labels(rates.rename(columns={"rate": "x"}), y)
    sentence = charts.describe_rates(rates)
    draw(
        spec_of(
            charts.rate_chart,
            results.batch_sizes,
            results.spec.learning_rates,
            theme(),
            y_title="validation loss (nats per token)",
            height=height,
        ),
        "sweep_rates",
        f"Validation loss by learning rate: {LIVE_ALT}" if live else sentence,
        rates=rates.assign(low=rates["low"].clip(*y), high=rates["high"].clip(*y)),
        ends=ends.rename(columns={"x": "rate", "y": "mean"}),
        frame=charts.frame_corners((first, last), y, x_column="rate"),
    )


def draw_steps(results: SweepResults, runs: pd.DataFrame, fit: StepsFit | None, live: bool, height: int = 320) -> None:
    """Steps to the target by batch size, with the fit."""
    sizes = results.batch_sizes
    points, missed = step_points(results, runs)
    theory = fitted_curve(sizes, fit)
    shown = [*points["sigma"], *missed["sigma"], *theory["sigma"]] or [10.0, 1000.0]
    frame = by_size_frame(sizes, min(shown) / 1.3, max(shown) * 1.3)
    bounds = frame["sigma"]
    sentence = charts.describe_noise(points, "Steps to the target")
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title="steps to the target", distinct=True, height=height),
        "sweep_steps",
        f"Steps to the target by batch size: {LIVE_ALT}" if live else sentence,
        noise=points.assign(low=points["low"].clip(*bounds), high=points["high"].clip(*bounds)),
        theory=theory,
        distinct=missed,
        frame=frame,
    )


def step_points(results: SweepResults, runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(points, missed): batch_size, sigma, low, high of the steps to the target; and where a run did not reach it, the
    end of the budget."""
    points, missed = [], []
    for batch_size, rows in runs.groupby("batch_size"):
        if np.isfinite(rows["steps"]).all() and (rows["steps"] > 0).all():
            mean, half = mean_and_half_width(np.log(rows["steps"].to_numpy()))
            points.append((batch_size, *np.exp([mean, mean - half, mean + half])))
        else:
            missed.append((batch_size, *[float(results.num_steps(batch_size))] * 3))
    columns = ["batch_size", "sigma", "low", "high"]
    return pd.DataFrame(points, columns=columns), pd.DataFrame(missed, columns=columns)


def fitted_curve(sizes: tuple[int, ...], fit: StepsFit | None) -> pd.DataFrame:
    """batch_size, sigma, label, line: S_min + E_min / B; empty without a fit."""
    if fit is None:
        return pd.DataFrame(columns=["batch_size", "sigma", "label", "line"])
    x = np.geomspace(sizes[0], sizes[-1], 30)
    curve = pd.DataFrame({"batch_size": x, "sigma": fit.steps(x), "label": "", "line": ""})
    curve.loc[int(np.abs(np.log(x / label_place(sizes))).argmin()), "label"] = "S_min + E_min / B"
    return curve


def label_place(sizes: tuple[int, ...]) -> float:
    """Where a label of the curve stands off the points: early in the widest gap between two sizes, and of equal gaps in
    that nearest to the middle.

    >>> round(label_place((4, 16, 128, 512)), 1)
    24.3
    """
    ratios = [after / before for before, after in pairwise(sizes)]
    place = max(range(len(ratios)), key=lambda i: (round(ratios[i], 6), -abs(i - len(ratios) // 2)))
    return sizes[place] * ratios[place] ** 0.2
