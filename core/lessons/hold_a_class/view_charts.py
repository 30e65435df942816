"""The pictures of a class: its answers, and how its interval narrows."""

import math

import numpy as np
import streamlit as st

from core import charts
from core.classroom.activity import Activity, Scale, Settled
from core.classroom.measurement import NOISE_STEP
from core.classroom.phase import Phase
from core.classroom.state import ClassState
from core.experiments.noise.results import NoiseResults
from core.experiments.race.results import RaceResults
from core.experiments.results import Results
from core.lessons.hold_a_class.words import answers_of, answers_sentence, counts_of, means_so_far, nats_or_unit
from core.ui.charts import draw, panel_title, spec_of, theme
from core.ui.plots.panels import loss_domain, mark_of

WHEN = {Phase.PREDICT: "At first", Phase.AGAIN: "After the discussion"}


def show_answers(state: ClassState, phases: tuple[Phase, ...], settled: Settled | None = None) -> None:
    """How the answers of those phases are spread, side by side; with what was measured, where it was."""
    assert state.round
    for place, phase in zip(st.columns(len(phases), gap="medium"), phases, strict=True):
        with place:
            st.subheader(WHEN[phase], anchor=False)
            draw_answers(state.round.activity, answers_of(state, phase), WHEN[phase], settled)


def draw_answers(activity: Activity, answers: list[float], when: str, settled: Settled | None) -> None:
    key = f"class_answers_{when}"
    sentence = answers_sentence(activity, answers, when)
    if not isinstance(activity.form, Scale):
        table = counts_of(activity, answers, settled.option if settled else None)
        spec = spec_of(charts.options_chart, theme(), num_options=len(table["place"]))
        draw(spec, key, sentence, options=table, frame={"x": np.array([0.0, max(4, table["count"].max() + 0.5)])})
        return
    form = activity.form
    dots = charts.answer_dots(np.array(answers), form.low, form.high, form.log)
    frame = charts.frame_corners((form.low, form.high), (0.0, max(5.0, dots["y"].max() + 1 if len(dots) else 0)))
    powers = charts.powers_of_two(form.low, form.high) if form.log else ()
    spec = spec_of(charts.answers_chart, theme(), x_title=f"answer ({form.unit.strip()})", powers=powers)
    found = settled.estimate if settled else None
    band = {"low": np.array([found.low]), "high": np.array([found.high])} if found else {}
    mark = {"x": np.array([found.value]), "label": np.array(["measured"])} if found else {}
    draw(spec, key, sentence, dots=dots, frame=frame, band=band, mark=mark)


def draw_measured(activity: Activity, results: Results, settled: Settled, own: int = -1) -> None:
    """How the interval narrows. Where there is none, or not yet: of a race the losses of one seed, if a member's own,
    which is at place `own`, are not there already; of gradients, which way they point."""
    if settled.num_ended:
        draw_narrowing(activity, settled, own if activity.is_shared_out else -1)
    elif isinstance(results, NoiseResults):
        draw_directions(results)
    elif isinstance(results, RaceResults) and own not in results.spec.train.seeds:
        draw_losses(results, results.spec.train.first_seed, "one of the seeds")


def draw_narrowing(activity: Activity, settled: Settled, own: int) -> None:
    """The mean of the seeds that have ended and its interval, seed by seed; or of draws, or rounds."""
    means = means_so_far(activity, settled)
    ended = np.flatnonzero(np.isfinite(settled.values))
    values = settled.values[ended]
    seeds = {"n": np.arange(1, len(values) + 1), "value": values, "own": ended == own}
    last = means[-1] if means else None
    theory = charts.root_n(last.value, (last.high - last.low) / 2, len(values)) if last else {}
    latest = means[1:][-1:]  # the last one, but for that of two, which is many times as wide
    spread = [*values, *(bound for mean in latest for bound in (mean.low, mean.high))]
    step = charts.round_step(max(spread) - min(spread)) if max(spread) > min(spread) else 0.5
    y = charts.round_domain(min(spread), max(spread), step)
    draw(
        spec_of(charts.narrowing_chart, theme(), each=activity.each, y_title=nats_or_unit(activity)),
        "class_narrowing",
        f"How the class's interval narrows with each {activity.each}; the numbers stand above.",
        seeds=seeds,
        means={
            "n": np.arange(2, 2 + len(means)),
            **{name: np.array([getattr(mean, name) for mean in means]) for name in ("low", "high")},
            "mean": np.array([mean.value for mean in means]),
        },
        theory=theory,
        frame=charts.frame_corners((0.5, len(settled.values) + 0.5), y),
    )


def draw_directions(results: NoiseResults) -> None:
    """How far each batch's gradient points the whole text's way."""
    batches, sizes = results.batch_table(NOISE_STEP, "cosine"), results.spec.batch_sizes
    y = charts.round_domain(min(0.0, float(batches["value"].min()) if len(batches) else 0.0), 1.0, 0.2)
    draw(
        spec_of(charts.strips_chart, sizes, theme(), y_title="cosine with the whole gradient"),
        "class_directions",
        charts.describe_strips(batches, "Cosine with the whole gradient"),
        batches=batches,
        whole={"y": np.array([math.cos(math.pi / 4)]), "label": np.array(["45 degrees"])},
        frame=charts.frame_corners((sizes[0], sizes[-1]), y, x_column="batch_size").astype({"batch_size": int}),
    )


def draw_losses(results: RaceResults, seed: int, whose: str) -> None:
    """The training losses of one seed: a panel a batch size."""
    columns = {b: results.training_columns("tokens", b, seed) for b in results.batch_sizes}
    frame = charts.frame_corners((0.0, results.x_limit("tokens")), loss_domain(columns.values(), results.started))
    for place, b in zip(st.columns(len(columns)), columns, strict=True):
        color = charts.batch_size_color(b, theme())
        with place.container(gap="xxsmall"):
            panel_title(f"B = {b}", whose, color)
            spec = spec_of(charts.panel_chart, color, theme(), mark=mark_of(results, b, seed), height=150)
            draw(spec, f"class_losses_{b}", f"Training loss of {whose} at B = {b}.", columns=columns[b], frame=frame)
