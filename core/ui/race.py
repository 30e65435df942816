"""The live view of a race: its controls, its progress, its charts. It asks the store; it knows no worker."""

import time

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.corpus import visible
from core.lab.cluster import LabError
from core.lab.curves import RaceCurves
from core.lab.experiments import RaceSpec
from core.lab.recording import read_recording
from core.lab.store import PAUSED, RUNNING, WAITING, Experiment
from core.training import TrainConfig
from core.ui.charts import draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.lab import server
from core.ui.page import plain, say
from core.ui.texts import current_race

TICK_SECONDS = 1.0
X_TITLES = {"steps": "optimizer steps", "tokens": "tokens seen", "seconds": "seconds of one run alone"}
X_FORMATS = {"steps": "~s", "tokens": "~s", "seconds": "~g"}
STATUS_WORDS = {"done": "Done", "stopped": "Stopped", "failed": "Failed", "interrupted": "Interrupted"}


def plan_of(choices: Choices) -> TrainConfig:
    return TrainConfig(
        batch_sizes=choices.batch_sizes,
        num_seeds=choices.num_seeds,
        first_seed=choices.seed,
        max_tokens=choices.max_tokens,
        learning_rate=choices.learning_rate,
        lr_rule=choices.lr_rule,
        order=choices.order,
        device=choices.device,
    )


def found_race(choices: Choices) -> tuple[Experiment, RaceSpec] | None:
    """The race in the address, if it is there. One that is not is told and forgotten."""
    if not choices.race:
        return None
    shared = server()
    experiment = shared.store.experiment(choices.race)
    if experiment is None:
        st.warning("The race in the address is not here: races are kept for a week. Start a new one.")
        choices.set(race="")
        return None
    spec = shared.specs.get(experiment.id)
    if spec is None:
        spec = RaceSpec.from_settings(experiment.settings, experiment.text)
        shared.specs[experiment.id] = spec
    return experiment, spec


def race_controls(choices: Choices, experiment: Experiment | None) -> None:
    """Start, pause, resume, stop. Each says in a sentence why it could not."""
    lab = server().lab
    active = experiment is not None and experiment.active
    start, hold, stop, _ = st.columns([1, 1, 1, 3])
    if start.button("Start the race", type="primary", width="stretch", disabled=active, icon=":material/play_arrow:"):
        try:
            with st.spinner("Starting …"):
                choices.set(race=lab.submit(current_race(choices, plan_of(choices))))
        except (ValueError, LabError) as error:
            say(error)
            return
        choices.write_url()
        st.rerun()
    paused = active and experiment.status == PAUSED
    label, act, icon = ("Resume", lab.resume, "resume") if paused else ("Pause", lab.pause, "pause")
    if hold.button(
        label, width="stretch", disabled=not active or experiment.status == WAITING, icon=f":material/{icon}:"
    ):
        act(experiment.id)
        wait_for(experiment.id, lambda status: status != experiment.status)
        st.rerun()
    if stop.button("Stop", width="stretch", disabled=not active, icon=":material/stop:"):
        lab.stop(experiment.id)
        wait_for(experiment.id, lambda status: status not in (WAITING, RUNNING, PAUSED))
        st.rerun()


def wait_for(race_id: str, reached, seconds: float = 2.0) -> None:
    """Wait, not long, for a status: what was clicked should show at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not reached(server().store.status(race_id)[0]):
        time.sleep(0.02)


def show_race(choices: Choices, experiment: Experiment, spec: RaceSpec) -> None:
    """The race, alive while it runs: a fragment that asks for what is new once a second."""
    curves = server().curves.get(experiment.id, spec, choices.half_life)
    tick = TICK_SECONDS if experiment.active else None
    st.fragment(live_race, run_every=tick)(choices, experiment.id, experiment.active, curves)


def live_race(choices: Choices, race_id: str, was_active: bool, curves: RaceCurves) -> None:
    shared = server()
    shared.lab.look_at(race_id)
    status, sentence = shared.store.status(race_id)
    curves.refresh()
    show_progress(race_id, status, sentence, curves)
    draw_race(curves, choices.axis)
    if was_active and status not in (WAITING, RUNNING, PAUSED):
        st.rerun()  # the whole page: the ticking stops, and the buttons change


def show_progress(race_id: str, status: str, sentence: str, curves: RaceCurves) -> None:
    ended = [
        f"Batch size {d['batch_size']}, seed {d['seed']}: diverged at step {d['step']:,}." for d in curves.divergences
    ]
    share = min(1.0, curves.progress)
    read = f"{charts.format_count(share * curves.total_tokens)} of {charts.format_count(curves.total_tokens)} tokens"
    if status == WAITING:
        ahead = server().store.num_ahead(race_id)
        place = f"{ahead} race{'s' if ahead != 1 else ''} ahead of it" if ahead else "the worker is getting ready"
        label = f"Waiting in line: {place}."
    elif status == RUNNING:
        left = curves.remaining_seconds()
        label = f"Running: {read}" + (f", about {charts.format_seconds(left)} left." if left is not None else ".")
    elif status == PAUSED:
        label = f"Paused at {read}."
    else:
        label = f"{STATUS_WORDS[status]}: {read}. {sentence}"
    st.progress(share, text=label)
    with st.container():
        if ended:
            st.warning(plain(" ".join(ended)) + " The others go on." if status == RUNNING else plain(" ".join(ended)))


def draw_race(curves: RaceCurves, axis: str, recorded: bool = False, key: str = "race") -> None:
    """All charts of a race and the texts that its models write. Always the same elements, so that nothing jumps."""
    sizes = curves.batch_sizes
    now = theme()
    wide, narrow = st.columns([2, 1], gap="medium")
    x_end = curves.x_limit(axis)
    with wide:
        st.markdown(
            "**Training loss at every step.** A thin line is a seed, the thick one their mean, the band goes from the lowest to the highest seed."
        )
        draw_loss(curves, axis, x_end, now, recorded, key, validation=False)
    with narrow:
        st.markdown("**How noisy is the loss?** Standard deviation from step to step, with its 95% interval.")
        draw_noise(curves, sizes, now, key)
    wide, narrow = st.columns([2, 1], gap="medium")
    with wide:
        st.markdown(
            "**Validation loss**, on text that no model has trained on. The band is the 95% t interval of the seeds' mean."
        )
        draw_loss(curves, axis, x_end, now, recorded, key, validation=True)
    with narrow:
        st.markdown("**Tokens a second**, one run alone on this machine.")
        speed = pd.DataFrame(
            [
                {"batch_size": b, "tokens_per_second": b * curves.spec.block_size / seconds}
                for b, seconds in sorted(curves.step_seconds.items())
            ],
            columns=["batch_size", "tokens_per_second"],
        )
        top = charts.round_end(1.15 * speed["tokens_per_second"].max()) if len(speed) else 1000.0
        draw(
            spec_of(charts.throughput_chart, sizes, now),
            f"{key}_speed",
            charts.describe_throughput(speed),
            speed=speed,
            frame=pd.DataFrame({"tokens_per_second": [top]}),
        )
    st.markdown(
        "**What each model writes** at this point, drawn letter by letter from its own predictions (the first seed)."
    )
    for column, batch_size in zip(st.columns(len(sizes)), sizes, strict=True):
        step, text = curves.texts[batch_size][-1] if curves.texts[batch_size] else (0, "")
        column.caption(f"B = {batch_size}, after {step:,} steps")
        shown = "".join(c if c == " " else visible(c) + ("\n" if c == "\n" else "") for c in text)
        column.code(shown or "nothing yet", language=None, wrap_lines=True, height=150)


def draw_loss(curves: RaceCurves, axis: str, x_end: float, now, recorded: bool, key: str, validation: bool) -> None:
    lines, mean = curves.validation_tables(axis) if validation else curves.training_tables(axis)
    uniform = float(np.log(curves.started["vocab_size"])) if curves.started else None
    rules = [{"y": uniform, "label": "uniform guess, ln V", "below": False}] if uniform else []
    floor = curves.spec.floor_nats
    if floor:
        rules.append({"y": floor, "label": "no model can beat this: the text's entropy", "below": True})
    heights = [*lines["loss"], *(r["y"] for r in rules)]
    low, high = charts.round_domain(min(heights), max(heights)) if heights else (0.0, 4.5)
    what = "validation" if validation else "training"
    spec = spec_of(
        charts.loss_chart,
        curves.batch_sizes,
        now,
        x_title=X_TITLES[axis],
        y_title=f"{what} loss (nats per token)",
        x_format=X_FORMATS[axis],
        points=validation,
        recorded=recorded,
        height=300 if validation else 360,
    )
    draw(
        spec,
        f"{key}_{what}",
        charts.describe_loss(mean, what=f"{what.capitalize()} loss", x_unit=axis),
        lines=lines,
        mean=mean,
        ends=charts.end_labels(mean, (low, high)),
        rules=pd.DataFrame(rules, columns=["y", "label", "below"]),
        frame=charts.frame_corners((0.0, x_end), (low, high)),
    )


def draw_noise(curves: RaceCurves, sizes: tuple[int, ...], now, key: str) -> None:
    rows = [{"batch_size": b, **{k: n[k] for k in ("sigma", "low", "high")}} for b, n in sorted(curves.noise.items())]
    noise = pd.DataFrame(rows, columns=["batch_size", "sigma", "low", "high"])
    theory = pd.DataFrame(columns=["batch_size", "sigma", "label"])
    y = (0.01, 1.0)
    if rows:
        # through the geometric middle of the points: the line has the theory's slope, its height is theirs
        height = float(np.exp(np.log(noise["sigma"] * np.sqrt(noise["batch_size"])).mean()))
        ends = [sizes[0], sizes[-1]]
        theory = pd.DataFrame(
            {"batch_size": ends, "sigma": [height / b**0.5 for b in ends], "label": ["falls as B^-1/2", ""]}
        )
        y = charts.round_log_domain(min(noise["low"].min(), theory["sigma"].min()), noise["high"].max())
    x = charts.round_log_domain(sizes[0] / 1.2, sizes[-1] * 1.2, base=2)
    draw(
        spec_of(charts.noise_chart, sizes, now, height=360),
        f"{key}_noise",
        charts.describe_noise(noise),
        noise=noise,
        theory=theory,
        frame=charts.frame_corners(x, y, x_column="batch_size", y_column="sigma"),
    )


def show_recorded(choices: Choices) -> None:
    """Before anything has been trained: a race of this kind that was recorded, marked as such."""
    curves = recorded_race(choices.half_life)
    st.info(f"A recorded race: {curves.note} Click **Start the race** to run your own, live.")
    draw_race(curves, choices.axis, recorded=True, key="recorded")
    st.markdown(noise_statement(curves))


@st.cache_resource(max_entries=4, show_spinner=False)
def recorded_race(half_life: int) -> RaceCurves:
    curves = read_recording(half_life)
    curves.refresh()
    return curves


def noise_statement(curves: RaceCurves) -> str:
    """What the noise chart says, from its numbers; nothing where there are fewer than two batch sizes."""
    scaled = {b: n["sigma"] * b**0.5 for b, n in sorted(curves.noise.items())}
    if len(scaled) < 2:
        return ""
    values = ", ".join(f"{charts.format_significant(v)} (B = {b})" for b, v in scaled.items())
    spread = (max(scaled.values()) - min(scaled.values())) / np.mean(list(scaled.values()))
    return (
        f"Noise × √B: {values}. If the noise falls as 1/√B, these are equal; here they differ by {100 * spread:.2g}% "
        "from lowest to highest."
    )
