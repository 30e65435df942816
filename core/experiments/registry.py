"""Every kind of experiment, by the name of its folder; and an experiment as JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields, is_dataclass
from importlib import import_module
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from core.experiments.kind import Kind, Spec
from core.experiments.results import Results

NAMES = (
    "race",
    "noise",
    "sweep",
    "orders",
    "parallel",
    "cost",
    "speed",
)
KINDS: dict[str, Kind] = {name: import_module(f"core.experiments.{name}").KIND for name in NAMES}


def kind_of(spec: Spec) -> Kind:
    return KINDS[spec.kind]


def results_of(spec: Spec, messages: Iterable[dict], **options) -> Results:
    """What these messages tell of an experiment; options as its kind's results have them."""
    results = kind_of(spec).results(spec, **options)
    for message in messages:
        results.take(message)
    return results.snapshot()


def to_json(spec: Spec) -> str:
    """All of an experiment but its text."""
    return json.dumps({"kind": spec.kind} | without_text(asdict(spec)))


def without_text(values: dict) -> dict:
    return {
        name: without_text(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if name != "text"
    }


def from_json(settings: str, text: str = "") -> Spec:
    """The experiment of those settings. Fields that are not known any more are left out. Raises ValueError where its
    kind is not known any more."""
    values = json.loads(settings)
    name = values.get("kind", "race")  # races were kept without it until November 2026
    if name not in KINDS:
        raise ValueError(f"There is no experiment of the kind {name!r}.")
    return build(KINDS[name].spec, values, text)


def build(cls: type, values: dict, text: str) -> Any:
    """A dataclass from what `to_json` made of one; `text` is put in wherever one belongs.

    >>> from core.training import ExecutionPlan
    >>> build(ExecutionPlan, {"batch_size": 8, "micro_batch_size": 4}, "").micro_batch_size
    4
    """
    hints = get_type_hints(cls)
    known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
    found = {name: converted(hints[name], value, text) for name, value in known.items()}
    return cls(**found | ({"text": text} if "text" in hints else {}))


def converted(hint: Any, value: Any, text: str) -> Any:
    """A value of JSON as the type that a field has."""
    if get_origin(hint) is UnionType:  # X | None
        return value if value is None else converted(get_args(hint)[0], value, text)
    if is_dataclass(hint):
        return build(hint, value, text)
    if get_origin(hint) is tuple:
        return tuple(converted(get_args(hint)[0], each, text) for each in value)
    return value
