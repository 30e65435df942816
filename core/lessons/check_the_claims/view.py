"""The claims about batch size on a page: the experiments that they are judged by, their verdicts and their charts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.experiments.race.results import RaceResults
from core.experiments.sweep.results import SweepResults, fit_of
from core.lessons.check_the_claims.verdicts import OTHER_SUBJECTS, Outcome, Verdict
from core.lessons.check_the_claims.verdicts.race import cost_to_target, targetless
from core.lessons.check_the_claims.words import fact_sentences, outcome_text, reason_sentence, summary_of
from core.measure.comparison import at_equal_loss
from core.ui.charts import LIVE_ALT, above_chart, draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.experiment import OnPage, View, experiment, own_or_recorded, same_subject
from core.ui.page import plain
from core.ui.plots.noise import draw_scale
from core.ui.plots.race import draw_noise, draw_validation
from core.ui.plots.sweep import draw_rates, draw_steps
from core.ui.points import draw_points

ICONS = {
    Outcome.HOLDS: ":material/check_circle:",
    Outcome.PARTLY: ":material/contrast:",
    Outcome.FAILS: ":material/cancel:",
    Outcome.UNRESOLVED: ":material/help:",
    Outcome.NOT_YET: ":material/hourglass_empty:",
}


@dataclass(frozen=True)
class Claim:
    """Something that is said about batch size, and what it takes to judge it."""

    text: str
    evidence: tuple[str, ...]  # of EVIDENCE, in the order that `judge` and `show` take them
    judge: Callable[..., Verdict]
    show: Callable[..., list[str]]  # draws the charts, of the evidence's views; returns them as sentences
    test: str  # how it is tested here
    nuance: str  # what is right about it, and what is not


EVIDENCE = {  # what its button says, by the name of its offer
    "claim_race": "Race the three",
    "claim_cost": "Measure the costs",
    "claim_sweep": "Sweep the rates",
    "claim_noise": "Measure the noise",
}


# ---- one claim


def show_claim(choices: Choices, claim: Claim) -> None:
    """The buttons of its experiments, how far they are, and the verdict from what they have found so far."""
    *others, last = [experiment(choices, name, EVIDENCE[name]) for name in claim.evidence]
    for other in others:
        if other.experiment:
            other.show(nothing)
    last.show(show_verdict, claim, others)


def nothing(view: View) -> None:
    pass


def judged(claim: Claim, views: list[View]) -> tuple[Verdict, str]:
    """The verdict, and its outcome in words."""
    same = same_subject(*(view.race for view in views))
    verdict = claim.judge(*(view.results for view in views)) if same else OTHER_SUBJECTS
    return verdict, outcome_text(verdict.outcome, done=all(view.done for view in views))


def show_verdict(view: View, claim: Claim, others: list[OnPage]) -> None:
    """The verdict and its reason, the charts, and the numbers."""
    views = [*(other.view() for other in others), view]
    verdict, outcome = judged(claim, views)
    with st.container(border=True):
        st.subheader(f"{ICONS[verdict.outcome]} “{claim.text}” – {outcome}", anchor=False)
        st.markdown(plain(reason_sentence(verdict)))
    charts_in_numbers = claim.show(*views)
    st.markdown("\n".join(f"- {plain(fact)}" for fact in fact_sentences(verdict)))  # below: the charts keep their place
    st.caption(plain(summary_of(views[0].race)))
    with st.expander("The charts in numbers"):
        st.markdown("\n\n".join(plain(sentence) for sentence in charts_in_numbers))


def show_overview(choices: Choices, claims: dict[str, Claim]) -> None:
    """All claims and their verdicts so far, from the visitor's experiments where there are any."""
    views_of = {name: own_or_recorded(choices, name).view() for name in EVIDENCE}
    rows = {}
    for claim in claims.values():
        views = [views_of[name] for name in claim.evidence]
        recorded = [view.recorded for view in views]
        source = "recorded" if all(recorded) else "both" if any(recorded) else "yours"
        rows[claim.text] = (judged(claim, views)[1], source)
    st.table(pd.DataFrame.from_dict(rows, "index", columns=["measured", "by"]))


# ---- the charts


def show_cost_to_target(view: View) -> list[str]:
    """What leads to the seconds: steps to the same loss, the tokens that they read, and the tokens a second."""
    race: RaceResults = view.results
    cost = None if targetless(race) else cost_to_target(race)
    speed = {b: b * race.spec.block_size / np.array(taken) for b, taken in sorted(race.probes.items())}
    titles = {"steps": ("steps to the target", 1), "tokens": ("thousand tokens to the target", 1e3)}
    titles |= {"speed": ("thousand tokens a second", 1e3), "seconds": ("seconds to the target", 1)}
    values = {"speed": speed} | ({name: getattr(cost, name) for name in ("steps", "tokens", "seconds")} if cost else {})
    target = f" of {cost.target:.2f} nats" if cost else ""
    above_chart(f"**The way to a validation loss{target}** that all runs came to: more steps, or longer ones?")
    sentences, columns = [], (*st.columns(2, gap="medium"), *st.columns(2, gap="medium"))
    for column, (name, (title, unit)) in zip(columns, titles.items(), strict=True):
        with column:
            of_each = {b: np.asarray(each, dtype=float) / unit for b, each in values.get(name, {}).items()}
            sentences.append(draw_points(of_each, race.batch_sizes, f"claim_{name}", title, view.live))
    return sentences


def show_noise_of_race(view: View) -> list[str]:
    narrow, wide = st.columns([1, 1.4], gap="medium")
    with narrow:
        above_chart("**How far the loss jumps from step to step.**")
        noise = draw_noise(view)
    with wide:
        above_chart("**Validation loss at equal tokens.** Band: 95% t interval of the mean of the seeds.")
        loss = draw_validation(view, "tokens")
    return [noise, loss]


def show_gaps(view: View) -> list[str]:
    wide, narrow = st.columns([1.4, 1], gap="medium")
    with wide:
        above_chart("**The gap along the way**: on one vertical line all runs fit their training text equally well.")
        gaps = draw_gaps(view)
    with narrow:
        above_chart("**Validation loss.** Band: 95% t interval of the mean of the seeds.")
        loss = draw_validation(view, "tokens")
    return [gaps, loss]


def draw_gaps(view: View) -> str:
    race: RaceResults = view.results
    rows: list[tuple] = []
    train, gap_tables = {}, {}
    for batch_size in race.whole_sizes:
        steps, losses, train[batch_size] = race.evaluations(batch_size)
        gap_tables[batch_size] = losses - train[batch_size]
        for place, seed in enumerate(race.spec.train.seeds):
            tokens = race.x_of("tokens", batch_size, steps)
            rows += zip(
                range(len(steps)), train[batch_size][:, place], gap_tables[batch_size][:, place],
                [batch_size] * len(steps), [seed] * len(steps), tokens, strict=True,
            )  # fmt: skip
    table = pd.DataFrame(rows, columns=["order", "train", "gap", "batch_size", "seed", "tokens"]).dropna()
    level, _ = at_equal_loss(train, gap_tables)
    equal = [] if np.isnan(level) else [(level, f"all came to {level:.2f}")]
    x = charts.round_domain(table["train"].min(), table["train"].max()) if len(table) else (1.0, 4.5)
    y = charts.round_domain(min(0.0, table["gap"].min()), table["gap"].max()) if len(table) else (0.0, 1.0)
    last = table.groupby(["batch_size", "seed"]).last().groupby("batch_size", as_index=False)[["train", "gap"]].mean()
    ends = charts.end_labels(last.rename(columns={"train": "x", "gap": "mean"}), y)
    sentence = charts.describe_gaps(table)
    draw(
        spec_of(charts.gap_chart, race.batch_sizes, theme()),
        "claim_gaps",
        f"Validation less training loss against training loss: {LIVE_ALT}" if view.live else sentence,
        gaps=table,
        ends=ends.rename(columns={"x": "train", "y": "gap"}),
        equal=pd.DataFrame(equal, columns=["train", "label"]),
        frame=charts.frame_corners(x, y, x_column="train", y_column="gap"),
    )
    return sentence


def show_rates(view: View) -> list[str]:
    above_chart("**Where each rate ends**: validation loss at the end of the budget, with 95% t intervals.")
    return [draw_rates(view.results, view.live)]


def show_bend(of_sweep: View, of_noise: View) -> list[str]:
    sweep: SweepResults = of_sweep.results
    left, right = st.columns(2, gap="medium")
    with left:
        above_chart("**Steps to the same loss**, at the best rate of each batch size, and the fit S_min + E_min / B.")
        runs = sweep.runs_to(sweep.usual_target() or 0.0)
        steps = draw_steps(sweep, runs, fit_of(runs), of_sweep.live)
    with right:
        above_chart("**The noise scale** along a training run, with 95% bootstrap intervals.")
        scale = draw_scale(of_noise.results, of_noise.live)
    return [steps, scale]
