"""Dataclasses from JSON: specs and messages are kept as JSON, and read again by a later version of this program."""

import math
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

hints_of = cache(get_type_hints)


def build(cls: Any, values: dict, **everywhere) -> Any:
    """A dataclass from the values of its fields as JSON has them. Fields that are not known any more are left out, and
    one that is called otherwise now has its former name in its metadata;
    `everywhere` has those that every dataclass with such a field gets.

    >>> from core.experiments.messages import Progress
    >>> build(Progress, {"share": 0.5, "doing": "step 3", "former": 1})
    Progress(share=0.5, doing='step 3')
    """
    hints = hints_of(cls)
    found = {}
    for field in fields(cls):
        for name in (field.metadata.get("formerly"), field.name):
            if name in values:
                found[field.name] = converted(hints[field.name], values[name], everywhere)
    return cls(**found | {name: value for name, value in everywhere.items() if name in hints})


def converted(hint: Any, value: Any, everywhere: dict) -> Any:
    """A value of JSON as the type that a field has. JSON has no NaN: a float that is null was not finite."""
    if hint is float and value is None:
        return math.nan
    if get_origin(hint) is UnionType:  # X | None
        return value if value is None else converted(get_args(hint)[0], value, everywhere)
    if is_dataclass(hint):
        return build(hint, value, **everywhere)
    if get_origin(hint) is tuple:
        return tuple(converted(get_args(hint)[0], each, everywhere) for each in value)
    return value
