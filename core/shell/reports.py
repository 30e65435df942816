"""What `python -m core runs` prints: experiments, their settings and results, as lines of text."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.experiments.beside import Place, found_by_each, settings_of, settings_that_differ
from core.experiments.race.pairs import Difference, differences, why_apart, why_unpaired
from core.experiments.race.results import RaceResults
from core.experiments.registry import kind_of
from core.experiments.results import Results
from core.lab.store import Experiment, Listed
from core.measure.estimate import Estimate

MISSING = "–"
RESULTS = "Results (with 95% intervals)"


def listing(experiments: Sequence[Listed]) -> str:
    if not experiments:
        return "Nothing is kept here yet."
    rows = []
    for each in experiments:
        settings = json.loads(each.settings)
        source = settings.get("race", settings).get("source", MISSING)
        made = datetime.fromtimestamp(each.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        rows.append((each.id, made, settings.get("kind", "race"), each.status, source))
    return columns([("id", "made", "kind", "status", "text"), *rows])


def experiment_report(experiment: Experiment, results: Results) -> str:
    spec = results.spec
    head = f"{kind_of(spec).name} {experiment.id}: {experiment.status}. {experiment.sentence}".strip()
    settings = [(name, written(value)) for name, value in settings_of(spec).items()]
    figures = kind_of(spec).tables.figures(results)
    found = [(place_text((each.name, tuple(each.at.items()))), number(each.estimate), each.why) for each in figures]
    return "\n\n".join([head, titled("Settings", settings), titled(RESULTS, found)])


def comparison(every: Mapping[str, Results]) -> str:
    """Of experiments by their ids."""
    ids, results = list(every), list(every.values())
    differ = settings_that_differ([each.spec for each in results])
    settings = [(name, *map(written, values)) for name, values in differ.items()]
    found = [(place_text(place), *map(number, values)) for place, values in found_by_each(results).items()]
    parts = [
        titled("Settings that differ", settings and [("", *ids), *settings]),
        titled(RESULTS, found and [("", *ids), *found]),
    ]
    first = results[0]
    for other_id, other in list(every.items())[1:]:
        if isinstance(first, RaceResults) and isinstance(other, RaceResults):
            parts.append(difference_text(other_id, other, ids[0], first))
    return "\n\n".join(parts)


def difference_text(race_id: str, race: RaceResults, other_id: str, other: RaceResults) -> str:
    """How far the validation losses of a race lie above those of another."""
    title = f"Validation loss of {race_id} minus {other_id}, nats per token"
    if why := why_apart(race.spec, other.spec):
        return f"{title}: not comparable, for they differ in their {why}."
    why = why_unpaired(race.spec, other.spec)
    how = f"unpaired, for the two differ in their {why}" if why else "paired: equal seeds that read the same examples"
    rows = [difference_row(each) for each in differences(race, other)]
    if not rows:
        return f"{title}: there is no batch size at which both can be compared."
    return titled(f"{title} ({how})", rows)


def difference_row(found: Difference) -> tuple[str, str, str]:
    resolved = "resolved" if found.estimate.above(0) or found.estimate.below(0) else "not resolved"
    return f"B = {found.batch_size}, after {found.tokens:,} tokens", number(found.estimate), resolved


# ---- text


def number(estimate: Estimate | None) -> str:
    """
    >>> number(Estimate(0.25, 0.125, 0.5)), number(Estimate(3.0, math.nan, math.nan)), number(None)
    ('0.25 (0.125 to 0.5)', '3', '–')
    """
    if estimate is None or math.isnan(estimate.value):
        return MISSING
    interval = "" if math.isnan(estimate.low) else f" ({estimate.low:.4g} to {estimate.high:.4g})"
    return f"{estimate.value:.4g}{interval}"


def place_text(place: Place) -> str:
    """
    >>> place_text(("loss_noise", (("batch_size", 4), ("step", 10))))
    'loss_noise, batch_size 4, step 10'
    """
    name, at = place
    return ", ".join([name, *(f"{where} {written(value)}" for where, value in at)])


def written(value: Any) -> str:
    if value is None:
        return MISSING
    return value if isinstance(value, str) else json.dumps(value)


def titled(title: str, rows: Iterable[Sequence[str]]) -> str:
    return f"{title}\n{columns(rows) or '  none'}"


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Cells beneath each other.

    >>> print(columns([("id", "kind"), ("abc", "race")]))
    id   kind
    abc  race
    """
    rows = list(rows)
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
