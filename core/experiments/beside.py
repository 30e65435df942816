"""Several experiments beside each other: the settings that differ, and what each has found."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.experiments.kind import Spec
from core.experiments.registry import kind_of, to_json
from core.experiments.results import Results
from core.measure.estimate import Estimate

Place = tuple[str, tuple[tuple[str, Any], ...]]  # a figure's name, and where it holds


def settings_of(spec: Spec) -> dict[str, Any]:
    """Every setting by its name, as `train.learning_rate`; those of a race have one name in all kinds. Of the text, how
    long it is, and the beginning of its SHA-256."""
    text = f"{len(spec.text):,} characters, {hashlib.sha256(spec.text.encode()).hexdigest()[:12]}"
    return dict(flat(json.loads(to_json(spec)))) | {"text": text}


def flat(values: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """
    >>> dict(flat({"kind": "noise", "race": {"train": {"order": "random"}}}))
    {'kind': 'noise', 'train.order': 'random'}
    """
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, "" if name == "race" else f"{within}{name}.")
        else:
            yield within + name, value


def settings_that_differ(specs: Sequence[Spec]) -> dict[str, list[Any]]:
    """By name, the value in each; None where it has no such setting."""
    every = [settings_of(spec) for spec in specs]
    names = dict.fromkeys(name for settings in every for name in settings)
    values = {name: [settings.get(name) for settings in every] for name in names}
    return {name: each for name, each in values.items() if any(value != each[0] for value in each)}


def found_by_each(results: Sequence[Results]) -> dict[Place, list[Estimate | None]]:
    """By figure, what each has found; None where it has no such figure."""
    every = [
        {(figure.name, tuple(figure.at.items())): figure.estimate for figure in kind_of(each.spec).tables.figures(each)}
        for each in results
    ]
    places = dict.fromkeys(place for found in every for place in found)
    return {place: [found.get(place) for found in every] for place in places}
