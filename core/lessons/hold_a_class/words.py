"""A class in sentences: what to do now, what was answered, and what was measured."""

from collections.abc import Sequence

import numpy as np

from core import charts
from core.classroom.activities import OWN
from core.classroom.activity import Activity, Options, Scale, Settled
from core.classroom.phase import Phase
from core.classroom.state import ClassState
from core.experiments.draws.spec import DrawsSpec
from core.experiments.kind import Spec
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.spec import StepCostSpec
from core.measure.estimate import Estimate
from core.settings.limits import MAX_MEMBERS
from core.ui.address import LOCAL
from core.ui.sentences import between

QUESTION = "What does a whole class find out together?"
ANSWER = (
    "Everyone predicts, alone and then once more after a talk. Then one race runs in which **every member is a "
    "seed**, and the class sees its own measurement get sharper."
)
DO_NOW = {  # what a member reads
    Phase.LOBBY: "You are in. The next question comes from your teacher.",
    Phase.PREDICT: "Predict, without a word to your neighbours.",
    Phase.DISCUSS: "Look at the board. Talk to somebody who answered something else.",
    Phase.AGAIN: "Predict once more. Has anything changed your mind?",
    Phase.MEASURE: "Now it is measured.",
    Phase.COMPARE: "This is what was measured.",
}
NEXT_STEP = {  # what the teacher's button does
    Phase.PREDICT: "Show the answers",
    Phase.DISCUSS: "Predict again",
    Phase.AGAIN: "On to the measurement",
    Phase.MEASURE: "Compare",
    Phase.COMPARE: "Finish",
}
WHAT_IS_KEPT = (
    f"No account and no name is needed: everyone gets a made-up name and may change it. Up to {MAX_MEMBERS} can join. "
    "Names and answers are deleted when the class ends, after a day at the latest. What was measured holds neither, "
    "and is kept for a week like any other run."
)


def do_now(state: ClassState) -> str:
    """What a member reads."""
    activity = state.round.activity if state.round and state.phase == Phase.MEASURE else None
    mine = f" One of the {activity.each}s is yours." if activity and activity.is_shared_out else ""
    return DO_NOW[state.phase] + mine


def share_sentence(activity: Activity) -> str:
    """What part a member has in the measurement; empty where it has none."""
    return f"Every member will have a {activity.each}." if activity.is_shared_out else ""


def size_sentence(spec: Spec) -> str:
    """How large a measurement is."""
    if isinstance(spec, DrawsSpec):
        return charts.counted(spec.num_draws, "draw")
    if isinstance(spec, RaceSpec):
        plan = spec.train
        return f"{charts.counted(plan.num_seeds, 'seed')}, {charts.format_count(plan.max_tokens)} tokens for each run"
    assert isinstance(spec, NoiseSpec | StepCostSpec)
    return f"batches of {', '.join(map(str, spec.batch_sizes))} windows"


def own_part_sentence(activity: Activity, spec: Spec, settled: Settled, place: int) -> str:
    """A member's own seed or draw, the one at that place; empty where members have none."""
    if not activity.is_shared_out:
        return ""
    if place >= (spec.num_draws if isinstance(spec, DrawsSpec) else spec.race.train.num_seeds):
        return f"You came after this had begun, so none of its {activity.each}s is yours. The next time one will be."
    if activity.is_race:
        return f"Your seed is {place}: it decides the first weights and which windows are read."
    value = settled.values[place]
    return f"Your own draw: {activity.form.shown(value)}." if np.isfinite(value) else "Your own draw is yet to come."


def members_sentence(state: ClassState) -> str:
    return f"{charts.counted(len(state.members), 'member')} of at most {MAX_MEMBERS}"


def answered_sentence(state: ClassState) -> str:
    """
    "12 of 30 have answered"
    """
    return f"{len(state.answers.get(state.phase, {}))} of {len(state.members)} have answered"


def answers_of(state: ClassState, phase: Phase) -> list[float]:
    """Of members that are not hidden."""
    return [value for number, value in state.answers[phase].items() if not state.member(number).hidden]


def counts_of(activity: Activity, answers: Sequence[float], right: int | None) -> dict[str, np.ndarray]:
    """The dataset `options` of `options_chart`."""
    assert isinstance(activity.form, Options)
    places = np.arange(len(activity.form.texts))
    return {
        "place": places,
        "text": np.array(activity.form.texts),
        "count": np.array([sum(answer == place for answer in answers) for place in places]),
        "right": places == (-1 if right is None else right),
    }


def answers_sentence(activity: Activity, answers: Sequence[float], when: str) -> str:
    """How the answers are spread, in words.

    "At first: 12 answers, from 2 times to 64 times, the middle one 8 times."
    """
    form = activity.form
    if not answers:
        return f"{when}: no answers."
    if isinstance(form, Scale):
        low, middle, high = np.quantile(answers, [0, 0.5, 1])
        spread = f"from {form.shown(low)} to {form.shown(high)}, the middle one {form.shown(middle)}"
    else:
        spread = ", ".join(f"{sum(a == place for a in answers)} for “{text}”" for place, text in enumerate(form.texts))
    return f"{when}: {charts.counted(len(answers), 'answer')}, {spread}."


def measured_sentence(activity: Activity, settled: Settled) -> str:
    """What the seeds that have ended say."""
    found, form = settled.estimate, activity.form
    if activity.name == OWN:
        return "Read the answer off the race's charts."
    if found is None:
        one = f"One {activity.each} has ended; an interval takes two."
        return one if settled.num_ended else "Nothing has been measured to the end yet."
    seeds = f"with {charts.counted(settled.num_ended, activity.each)}"
    if isinstance(form, Options):
        if settled.option is None:
            return f"Too close to call {seeds}: the leader is ahead by {nats(found)}."
        return f"**{form.shown(settled.option)}** leads, by {nats(found)} {seeds}."
    text = f"Measured: **{between(found)}{form.unit}**{f' {seeds}' if settled.num_ended else ''}."
    if activity.theory is not None:
        text += f" Theory says {activity.theory:g}{form.unit}."
    return text


def nats(found: Estimate) -> str:
    return f"{between(found)} nats per token"


def own_sentence(activity: Activity, answers: Sequence[float]) -> str:
    """
    "You answered “16 times”, then “8 times”."
    """
    if not answers:
        return "You gave no answer in this round."
    return f"You answered {', then '.join(f'“{activity.form.shown(answer)}”' for answer in answers)}."


def minutes_sentence(activity: Activity) -> str:
    return f"about {activity.minutes} minutes in class"


def reachable_sentence(host: str, address: str) -> str:
    """Where the link leads nowhere but to this computer, what to do about it; empty where others can follow it."""
    if host not in LOCAL:
        return ""
    if address:
        return f"You opened this page as {host}. Others reach it in your network under {address}, as this link says."
    return f"You opened this page as {host}, which others cannot reach. Open it under this computer's own address."


def means_so_far(activity: Activity, settled: Settled) -> list[Estimate]:
    """The estimate of the first 2, 3, ... seeds that have ended, by the estimator that the measurement itself has."""
    known = settled.values[np.isfinite(settled.values)]
    return [activity.estimate(known[:n]) for n in range(2, len(known) + 1)]


def nats_or_unit(activity: Activity) -> str:
    """What the axis of the measured quantity says."""
    form = activity.form
    return f"measured ({form.unit.strip()})" if isinstance(form, Scale) else "ahead by (nats per token)"
