"""The check: nine questions. Which answer is right follows from a measurement, the visitor's own where it tells, else
the recorded one. Plain data, no streamlit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.experiments.race.results import RaceResults
from core.lessons.summary import judges
from core.lessons.summary.evidence import COUNTED, LESSONS, RECORDED, YOURS, Evidence, Lesson
from core.lessons.summary.judges import Found
from core.lessons.summary.questions import TEXTS, Option


@dataclass(frozen=True)
class Question:
    """What is asked, of what it is measured by, and how that decides. `TEXTS` has its words."""

    name: str
    measured: str  # of LESSONS
    judge: Callable[[Any], Found]
    about: Callable[[Any], Mapping[str, object]]  # what its words name, of the same results


def sizes_of(race: RaceResults) -> dict[str, str]:
    small, large = race.batch_sizes[0], race.batch_sizes[-1]
    return {"small": f"{small:,}", "large": f"{large:,}", "times": f"{large / small:.3g}"}


def batch_of(parallel) -> dict[str, str]:
    B, T = parallel.spec.batch_size, parallel.spec.race.block_size
    return {"windows": f"{B:,}", "block": f"{T:,}", "product": f"{B * T:,}"}


def shared_by(parallel) -> dict[str, str]:
    ranks, B = parallel.spec.num_ranks, parallel.spec.batch_size
    return {"ranks": f"{ranks}", "windows": f"{B:,}", "each": f"{B // ranks:,}"}


QUESTIONS = (
    Question("tokens", "parallel", judges.tokens, batch_of),
    Question("noise", "noise", judges.noise, lambda noise: {}),
    Question("updates", "race", judges.updates, sizes_of),
    Question("memory", "speed", judges.memory, lambda speed: {}),
    Question("accumulation", "splits", judges.accumulation, lambda splits: {"size": f"{splits.spec.split_size:,}"}),
    Question("ranks", "parallel", judges.ranks, shared_by),
    Question("order", "orders", judges.order, lambda orders: {}),
    Question("padding", "packing", judges.padding, lambda p: {"shortest": p.shortest, "longest": f"{p.longest:,}"}),
    Question("better", "race", judges.better, sizes_of),
)


@dataclass(frozen=True)
class Settled:
    """A question as it is put to a visitor, and what settles it."""

    ask: str
    options: dict[str, str]  # by name
    right: str | None  # None where neither measurement tells
    feedback: dict[str, str]  # for each option, why it is right or wrong
    said: str  # the measurement
    mark: str  # whose it is
    lesson: Lesson
    unresolved: str = ""  # of the visitor's own measurement, where it does not tell


def settle(question: Question, evidence: Evidence) -> Settled:
    """By the visitor's own measurement; where there is none, or it does not tell, by the recorded one."""
    name, mark = question.measured, evidence.mark(question.measured)
    results = evidence.of(name)
    found, unresolved = question.judge(results), ""
    if found.right is None and mark == YOURS:
        unresolved = f"Your own measurement does not resolve this. {found.said}"
        results, mark = evidence.recorded[name], COUNTED if name == "packing" else RECORDED
        found = question.judge(results)
    text, about = TEXTS[question.name], question.about(results)
    return Settled(
        ask=text.ask.format(**about),
        options={key: option.text.format(**about) for key, option in text.options.items()},
        right=found.right,
        feedback={key: feedback_on(key, option, found.right).format(**about) for key, option in text.options.items()},
        said=found.said,
        mark=mark,
        lesson=LESSONS[name],
        unresolved=unresolved,
    )


def feedback_on(key: str, option: Option, right: str | None) -> str:
    if right is None:
        return "**Not resolved.** It is too close to call with these runs, so no answer is right here."
    return f"**Right.** {option.if_right}" if key == right else f"**Not so here.** {option.if_wrong}"


def measurement_sentence(settled: Settled) -> str:
    """What settles it, and whose measurement that is."""
    whose = {YOURS: "You measured", RECORDED: "Recorded", COUNTED: "Counted on a sample"}[settled.mark]
    return f"{whose}: {settled.said}"


def settle_all(evidence: Evidence) -> list[Settled]:
    return [settle(question, evidence) for question in QUESTIONS]
