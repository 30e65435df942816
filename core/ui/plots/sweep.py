"""A sweep's losses by rate, and its steps to a target."""

import numpy as np
import pandas as pd

from core import charts
from core.experiments.sweep.results import SweepResults
from core.measure.comparison import mean_and_half_width
from core.measure.targets import StepsFit
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.points import by_size_frame


def draw_rates(results: SweepResults, live: bool) -> str:
    rates = results.rate_table()
    first, last = results.spec.learning_rates[0], results.spec.learning_rates[-1]
    y = charts.round_domain(rates["mean"].min(), rates["mean"].max(), 0.25) if len(rates) else (2.0, 3.5)
    sentence = charts.describe_rates(rates)
    draw(
        spec_of(
            charts.rate_chart,
            results.batch_sizes,
            results.spec.learning_rates,
            theme(),
            y_title="validation loss (nats per token)",
        ),
        "sweep_rates",
        f"Validation loss by learning rate: {LIVE_ALT}" if live else sentence,
        rates=rates.assign(low=rates["low"].clip(*y), high=rates["high"].clip(*y)),
        frame=charts.frame_corners((first, last), y, x_column="rate"),
    )
    return sentence


def draw_steps(results: SweepResults, runs: pd.DataFrame, fit: StepsFit | None, live: bool) -> str:
    sizes = results.batch_sizes
    points, missed = [], []
    for batch_size, rows in runs.groupby("batch_size"):
        if np.isfinite(rows["steps"]).all() and (rows["steps"] > 0).all():
            mean, half = mean_and_half_width(np.log(rows["steps"].to_numpy()))
            points.append((batch_size, *np.exp([mean, mean - half, mean + half])))
        else:
            missed.append((batch_size, *[float(results.num_steps(batch_size))] * 3))
    columns = ["batch_size", "sigma", "low", "high"]
    theory = pd.DataFrame(columns=["batch_size", "sigma", "label", "line"])
    if fit:
        x = np.geomspace(sizes[0], sizes[-1], 30)
        theory = pd.DataFrame({"batch_size": x, "sigma": fit.steps(x), "label": "", "line": ""})
        theory.loc[17, "label"] = "S_min + E_min / B"
    known = [*(row[1] for row in points + missed), *theory["sigma"]] or [10.0, 1000.0]
    frame = by_size_frame(sizes, min(known) / 1.3, max(known) * 1.3)
    low, high = frame["sigma"]
    table = pd.DataFrame(points, columns=columns)
    sentence = charts.describe_noise(table, "Steps to the target")
    draw(
        spec_of(charts.noise_chart, sizes, theme(), y_title="steps to the target", distinct=True),
        "sweep_steps",
        f"Steps to the target by batch size: {LIVE_ALT}" if live else sentence,
        noise=table.assign(low=table["low"].clip(low, high), high=table["high"].clip(low, high)),
        theory=theory,
        distinct=pd.DataFrame(missed, columns=columns),
        frame=frame,
    )
    return sentence
