"""Numbers in words, one for each batch size."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from core import charts

Value = TypeVar("Value")
number, size_of = charts.format_significant, charts.format_bytes


def of_each(values: Mapping[int, Value], form: Callable[[Value], str], unit: str = "") -> str:
    """ "B = 16: 12k, B = 128: 30k tokens" """
    return ", ".join(f"B = {b}: {form(value)}" for b, value in values.items()) + unit
