"""The prepared activities, and how any activity is kept."""

import json
from functools import partial

import numpy as np

from core.classroom.activity import (
    MAX_OPTION,
    MAX_OPTIONS,
    MAX_QUESTION,
    Activity,
    Options,
    Scale,
    Settled,
    factor_estimate,
)
from core.classroom.made_up import one_line
from core.experiments.race.results import RaceResults
from core.measure.comparison import lead_of

TINY = {"n_layer": 1, "n_head": 2, "n_embd": 32}  # a class's minute has room for forty of them
SIZES = (4, 16, 64)
OWN = "own"


# ---- what settles a question


def ended(race: RaceResults, batch_size: int, name: str) -> np.ndarray:
    """A number of the summary of each run at that batch size, (R,); NaN of runs that have not ended, or diverged."""
    found = (race.summaries.get((batch_size, seed)) for seed in race.spec.train.seeds)
    return np.array([np.nan if each is None else getattr(each, name) for each in found], dtype=float)


def noise_ratio(race: RaceResults) -> Settled:
    """The noise of the smallest batch size's loss over that of the largest, a number a seed."""
    small, large = (ended(race, b, "loss_noise") for b in (race.batch_sizes[0], race.batch_sizes[-1]))
    values = small / large
    known = values[np.isfinite(values)]
    return Settled(values, factor_estimate(known) if len(known) > 1 else None)


def leader(axis: str, race: RaceResults) -> Settled:
    """Which batch size has the lowest validation loss where all have come to at equal steps, tokens or seconds; the
    values are how far the leader is ahead of the next one."""
    done = np.all([np.isfinite(ended(race, b, "final_val_loss")) for b in race.batch_sizes], axis=0)
    if done.sum() < 2:
        return Settled(np.full(len(done), np.nan))
    _, losses = race.validation_at_equal(axis)
    lead = lead_of({b: values[done] for b, values in losses.items()})
    if lead is None:
        return Settled(np.full(len(done), np.nan))
    first, second = int(lead.leader), int(lead.second)
    ahead = np.where(done, losses[second] - losses[first], np.nan)
    option = race.batch_sizes.index(first) if lead.resolved else None
    return Settled(ahead, lead.difference, option)


def nothing(race: RaceResults) -> Settled:
    """Of a teacher's own question: the class has to read the answer off the race."""
    return Settled()


# ---- the activities


def who_leads(axis: str, why: tuple[str, str]) -> Activity:
    """Of the sizes at equal steps, tokens or seconds."""
    return Activity(
        name=f"equal-{axis}",
        title=f"Who leads at equal {axis}?",
        question=f"Three models learn from batches of 4, 16 and 64 windows. At equal {axis}, which one has the lowest "
        "validation loss?",
        form=Options(tuple(f"B = {batch_size}" for batch_size in SIZES)),
        minutes=8,
        page="pages/race_batch_sizes.py",
        why=why,
        settings=TINY | {"batch_sizes": SIZES, "axis": axis},
        settle=partial(leader, axis),
    )


PREPARED = (
    Activity(
        name="noisier",
        title="How much noisier is a small batch?",
        question="A loss jumps from step to step. How many times further does it jump at B = 4 than at B = 64?",
        form=Scale(low=1, high=64, step=0.5, unit=" times", start=1, log=True),
        minutes=10,
        page="pages/measure_the_noise.py",
        why=(
            "The loss of a batch is a mean over its windows, and the noise of a mean falls as one over the square root "
            "of how many there are.",
            "Sixteen times as many windows make it four times calmer, not sixteen.",
        ),
        settings=TINY | {"batch_sizes": (4, 64)},
        settle=noise_ratio,
        estimate=factor_estimate,
        theory=4.0,
    ),
    who_leads(
        "steps",
        (
            "At equal steps the largest batch has read the most text, and each of its steps is the least noisy.",
            "It has also cost the most: that is what this comparison leaves out.",
        ),
    ),
    who_leads(
        "tokens",
        (
            "At equal tokens a small batch has made more steps, each a chance to correct the last, but a noisier one.",
            "Which of the two counts for more depends on the learning rate and on how long the training goes on.",
        ),
    ),
    who_leads(
        "seconds",
        (
            "A step on a large batch takes longer, but often less time for each window than a step on a small one.",
            "How much less depends on the machine, so the answer may be another one on another machine.",
        ),
    ),
)
BY_NAME = {activity.name: activity for activity in PREPARED}


def own(question: str, options: list[str]) -> Activity:
    """A teacher's own question, about a race with the usual settings. Raises ValueError, with a sentence."""
    question = one_line(question, MAX_QUESTION)
    texts = tuple(filter(None, (one_line(option, MAX_OPTION) for option in options)))
    if not question:
        raise ValueError("Write a question first.")
    if not 2 <= len(texts) <= MAX_OPTIONS or len(set(texts)) < len(texts):
        raise ValueError(f"A question needs 2 to {MAX_OPTIONS} different options, one a line.")
    return Activity(
        name=OWN,
        title=question,
        question=question,
        form=Options(texts),
        minutes=8,
        page="pages/race_batch_sizes.py",
        why=("", ""),
        settings=TINY | {"batch_sizes": SIZES},
        settle=nothing,
    )


def to_json(activity: Activity) -> str:
    if activity.name != OWN:
        return json.dumps({"name": activity.name})
    assert isinstance(activity.form, Options)
    return json.dumps({"name": OWN, "question": activity.question, "options": activity.form.texts})


def from_json(text: str) -> Activity:
    values = json.loads(text)
    return own(values["question"], values["options"]) if values["name"] == OWN else BY_NAME[values["name"]]
