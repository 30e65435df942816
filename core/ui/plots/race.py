"""A race's losses and its noise, in the same places whatever has arrived, so that nothing jumps."""

import math

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.race.results import RaceResults
from core.ui.charts import LIVE_ALT, draw, spec_of, theme
from core.ui.experiment import View

X_TITLES = {"steps": "optimizer steps", "tokens": "tokens seen", "seconds": "seconds of one run alone"}
TOO_FEW = "too few steps to tell"
NOISE_AXIS = "_noise_axis"
X_FORMATS = {"steps": "~s", "tokens": "~s", "seconds": "~g"}


def draw_validation(view: View, axis: str) -> str:
    """Validation loss; returns what it shows as a sentence."""
    results: RaceResults = view.results
    lines, mean = results.validation_tables(axis)
    rules = []
    if results.started:
        rules.append({"y": math.log(results.started.vocab_size), "label": "uniform guess, ln V", "below": False})
    floor, label = results.spec.floor_nats, "no model can beat this for long: the entropy of the language"
    if results.started and results.started.val_floor is not None:
        floor, label = results.started.val_floor, "what one who knows the language gets on this text"
    if floor is not None:
        rules.append({"y": floor, "label": label, "below": True})
    heights = [*lines["loss"], *(rule["y"] for rule in rules)]
    y = charts.round_domain(min(heights), max(heights)) if heights else (0.0, 4.5)
    sentence = charts.describe_loss(mean, what="Validation loss", x_unit=axis)
    draw(
        spec_of(charts.loss_chart, results.batch_sizes, theme(), x_title=X_TITLES[axis], x_format=X_FORMATS[axis]),
        "race_validation",
        f"Validation loss: {LIVE_ALT}" if view.live else sentence,
        lines=lines,
        mean=mean,
        ends=charts.end_labels(mean, y),
        rules=pd.DataFrame(rules, columns=["y", "label", "below"]),
        frame=charts.frame_corners((0.0, x_end(results, axis)), y),
    )
    return sentence


def x_end(results: RaceResults, axis: str) -> float:
    """Where the axis ends: all steps and tokens are known before, seconds only as well as a step has been timed."""
    limit = results.x_limit(axis)
    return charts.round_domain(0.0, limit, 2 * charts.round_step(limit))[1] if axis == "seconds" else limit


def draw_noise(view: View) -> None:
    results: RaceResults = view.results
    sizes, y = results.batch_sizes, noise_axis(view.key)
    rows = [{"batch_size": b, "sigma": n.sigma, "low": n.low, "high": n.high} for b, n in sorted(results.noise.items())]
    noise = pd.DataFrame(rows, columns=["batch_size", "sigma", "low", "high"])
    theory = pd.DataFrame(columns=["batch_size", "sigma", "label"])
    unknown = pd.DataFrame(columns=["batch_size", "sigma", "label"])
    if rows:
        # through the geometric middle of the points: the slope is the theory's, the height is theirs
        height = float(np.exp(np.log(noise["sigma"] * np.sqrt(noise["batch_size"])).mean()))
        places = [sizes[0], math.sqrt(sizes[0] * sizes[min(1, len(sizes) - 1)]), sizes[-1]]
        sigmas = [height / math.sqrt(b) for b in places]
        theory = pd.DataFrame({"batch_size": places, "sigma": sigmas, "label": ["", "falls as 1/√B", ""]})
        few = [b for b in sizes if results.too_few_steps(b)]
        unknown = pd.DataFrame({"batch_size": few, "sigma": [height / math.sqrt(b) for b in few], "label": TOO_FEW})
        wanted = charts.round_log_domain(min(noise["low"].min(), *sigmas), max(noise["high"].max(), *sigmas))
        y = noise_axis(view.key, wanted)
    x = charts.round_log_domain(sizes[0] / 1.2, sizes[-1] * 1.2, base=2)
    sentence = charts.describe_noise(noise)
    draw(
        spec_of(charts.noise_chart, sizes, theme(), numbers=True, height=280),
        "race_noise",
        f"Loss noise by batch size: {LIVE_ALT}" if view.live else sentence,
        noise=noise,
        theory=theory,
        unknown=unknown,
        frame=charts.frame_corners(x, y, x_column="batch_size", y_column="sigma"),
    )


def noise_axis(key: str, wanted: tuple[float, float] | None = None) -> tuple[float, float]:
    """The y axis of an experiment's noise as this visitor has it; it only ever grows."""
    mine = st.session_state.get(NOISE_AXIS, {}).get(key)
    if wanted:
        mine = charts.grow(mine, wanted)
        st.session_state[NOISE_AXIS] = {key: mine}
    return mine or (0.02, 0.5)
