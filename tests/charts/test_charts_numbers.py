import math

import pytest

from core.charts.numbers import NOT_MEASURED, format_count, format_nats, format_seconds, format_significant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7.00"),
        (2.3, "2.30"),
        (0.02634, "0.0263"),
        (-0.117, "-0.117"),
        (9.996, "10.0"),
        (99.96, "100"),
        (1234.5, "1230"),
    ],
)
def test_three_significant_digits(value, text):
    assert format_significant(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (64, "64"),
        (999, "999"),
        (999.6, "1k"),
        (1000, "1k"),
        (1234, "1.23k"),
        (12_345, "12.3k"),
        (200_000, "200k"),
        (999_949, "1M"),
        (1_500_000, "1.5M"),
        (2e9, "2B"),
    ],
)
def test_counts(count, text):
    assert format_count(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (2.5e-7, "250 ns"),
        (1.5e-6, "1.50 µs"),
        (0.00124, "1.24 ms"),
        (0.9996, "1.00 s"),
        (12.34, "12.3 s"),
        (119, "119 s"),
        (119.6, "2 min 0 s"),
        (150, "2 min 30 s"),
        (3700, "1 h 1 min"),
    ],
)
def test_seconds(seconds, text):
    assert format_seconds(seconds) == text


def test_nats():
    assert format_nats(2.314) == "2.31 nats"
    assert format_nats(0.0263) == "0.0263 nats"


@pytest.mark.parametrize("write", [format_significant, format_count, format_seconds, format_nats])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_was_not_measured(write, value):
    assert write(value) == NOT_MEASURED
