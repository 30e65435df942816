"""The prepared activities, and how any activity is kept."""

import json
import math
from functools import partial

from core.classroom import settle
from core.classroom.activity import MAX_OPTION, MAX_OPTIONS, MAX_QUESTION, Activity, Options, Scale, factor_estimate
from core.classroom.measurement import NOISE_STEP, draws_with, noise_with, race_with, times_with
from core.experiments.draws.spec import Counted
from core.settings.line import one_line

TINY = {"n_layer": 1, "n_head": 2, "n_embd": 32}  # a class's minute has room for forty of them
STILL = {"learning_rate": 1e-6, "lr_rule": "linear"}  # the models stay the same, so that only the batches differ
SIZES = (4, 16, 64)
OWN = "own"
LEADERS_TOKENS = 400_000  # for each run, at most: with so many the three comparisons have three different leaders


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
        experiment=race_with,
        settle=partial(settle.leader, axis),
        max_tokens=LEADERS_TOKENS,
    )


PREPARED = (
    Activity(
        name="noisier",
        title="How much noisier is a small batch?",
        question="A model that stands nearly still reads one batch after the other, and its loss jumps from one to the "
        "next. How many times further does it jump at B = 4 than at B = 64?",
        form=Scale(low=1, high=64, step=0.5, unit=" times", start=1, log=True),
        minutes=10,
        page="pages/measure_the_noise.py",
        why=(
            "The loss of a batch is a mean over its windows, and the noise of a mean falls as one over the square root "
            "of how many there are.",
            "Sixteen times as many windows make it four times calmer, not sixteen.",
        ),
        settings=TINY | {"batch_sizes": (4, 64)} | STILL,
        experiment=race_with,
        settle=settle.noise_ratio,
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
    Activity(
        name="half-the-steps",
        title="Twice the batch, half the steps?",
        question="With 16 windows in a batch instead of 8, a model needs fewer steps to the same validation loss. How "
        "many times fewer?",
        form=Scale(low=0.5, high=4, step=0.1, unit=" times", start=1, log=True),
        minutes=10,
        page="pages/tune_the_rate.py",
        why=(
            "A larger batch gives a more reliable gradient, but the same learning rate makes a step of the same size.",
            "So fewer steps are needed, but seldom only half as many, and each of them reads twice as much text.",
        ),
        settings=TINY | {"batch_sizes": (8, 16)},
        experiment=race_with,
        settle=settle.steps_ratio,
        estimate=factor_estimate,
    ),
    Activity(
        name="unread",
        title="What do random windows leave unread?",
        question="A text is cut into n windows. If n windows are drawn at random instead, each anywhere, how much of "
        "the text is never read, in percent?",
        form=Scale(low=0, high=100, step=1, unit=" %", start=0),
        minutes=8,
        page="pages/choose_the_order.py",
        why=(
            "A draw misses a given word with a chance of 1 − 1/n, and all n draws miss it with a chance of (1 − 1/n)ⁿ.",
            "That is near 1/e, 36.8 %, however long the text is.",
        ),
        settings={},
        experiment=partial(draws_with, Counted.UNREAD),
        settle=settle.percents,
        each="draw",
        theory=round(100 / math.e, 1),
    ),
    Activity(
        name="padding",
        title="What does padding waste?",
        question="Eight paragraphs of a manual, drawn at random, make a batch. Each is cut at 256 characters, and "
        "padded to the longest of the eight. How much of the batch is padding, in percent?",
        form=Scale(low=0, high=100, step=1, unit=" %", start=0),
        minutes=8,
        page="pages/pack_documents.py",
        why=(
            "A batch is a rectangle: one long paragraph makes all rows long, and the short ones are mostly padding.",
            "The padding is computed like any token and teaches nothing; packing puts other paragraphs there.",
        ),
        settings={"batch_size": 8, "block_size": 256},
        experiment=partial(draws_with, Counted.PADDING),
        settle=settle.percents,
        each="draw",
    ),
    Activity(
        name="speed",
        title="How much faster is a large batch?",
        question="A step on 64 windows reads more text than a step on one window, and takes longer. How many times as "
        "many tokens a second does it read on this machine?",
        form=Scale(low=1, high=64, step=0.5, unit=" times", start=1, log=True),
        minutes=8,
        page="pages/speed_and_memory.py",
        why=(
            "A step has a part that takes the same time whatever its size, and a part that grows with each window.",
            "A large batch shares the first among many windows; the second it cannot save.",
        ),
        settings={"batch_sizes": (1, 64)},
        experiment=times_with,
        settle=settle.speed_ratio,
        each="round",
        estimate=factor_estimate,
    ),
    Activity(
        name="accumulation",
        title="What does accumulation cost?",
        question="A batch of 64 windows is read four at a time, and the gradients of the 16 parts are added up before "
        "one step. How many times as long as in one pass does that step take on this machine?",
        form=Scale(low=0.25, high=16, step=0.25, unit=" times", start=1, log=True),
        minutes=8,
        page="pages/accumulate_gradients.py",
        why=(
            "The gradient is the same, and far less has to be kept in memory at a time.",
            "What is the same for every pass is paid 16 times, and small parts often make worse use of the machine.",
        ),
        settings={"batch_sizes": (4, 64)},
        experiment=times_with,
        settle=settle.time_ratio,
        each="round",
        estimate=factor_estimate,
    ),
    Activity(
        name="direction",
        title="How large must a batch be to point the right way?",
        question="Say that a batch's gradient points the right way when it is within 45 degrees of the whole text's. "
        f"How many windows must a batch have for that, in a model after {NOISE_STEP} steps of training?",
        form=Scale(low=1, high=1024, step=1, unit=" windows", start=1, log=True),
        minutes=10,
        page="pages/measure_the_noise.py",
        why=(
            "The noise of a gradient falls with the batch size, and at the noise scale it is as long as the gradient "
            "itself: that makes 45 degrees.",
            "The noise scale grows in training, so a batch that was large enough at first is too small later.",
        ),
        settings=TINY | {"noise_sizes": (1, 4, 16, 64)},
        experiment=noise_with,
        settle=settle.noise_scale,
        each="batch",
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
        experiment=race_with,
        settle=settle.nothing,
    )


def to_json(activity: Activity) -> str:
    if activity.name != OWN:
        return json.dumps({"name": activity.name})
    assert isinstance(activity.form, Options)
    return json.dumps({"name": OWN, "question": activity.question, "options": activity.form.texts})


def from_json(text: str) -> Activity:
    values = json.loads(text)
    return own(values["question"], values["options"]) if values["name"] == OWN else BY_NAME[values["name"]]
