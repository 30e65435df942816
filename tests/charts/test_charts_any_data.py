"""No data can make a chart throw, or put a number into it that JSON does not know: every chart, axis and sentence."""

import inspect
import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest

from core import charts
from core.charts.spec import compact, dataset_names

NAN, INF = math.nan, math.inf
VALUES = {
    "none": [],
    "one": [2.5],
    "zeros": [0.0] * 5,
    "equal": [3.7] * 5,
    "negative": [-1.0, -2.5, -1e-9],
    "tiny": [1e-45, 5e-324, 1e-30],
    "huge": [1e38, 3.5e38, 1e300, -1e300, 1.7e308],
    "far apart": [1e-30, 1.0, 1e30],
    "neighbours": [2.5, float(np.nextafter(2.5, 3)), 2.5],
    "one outlier": [1.0] * 50 + [1 + 1e-12, 1e30],
    "nan": [NAN] * 3,
    "infinite": [INF, -INF],
    "some nan": [1.0, NAN, 2.0, INF, 0.0, -INF],
}
some_values = pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)

SIZES, LAYERS = (1, 4, 16), ("wte", "ln_f")
ARGUMENTS = {
    "batch_sizes": SIZES, "theme": "light", "color": "#123456", "x_title": "x", "y_title": "y", "part_title": "part",
    "sizes": SIZES, "orders": ("random", "shuffled"), "num_ranks": 2, "num_stages": 2, "num_options": 3,
    "layers": LAYERS, "kinds": ("AdamW", "SGD"), "rates": (1e-3, 1e-2), "learning_rates": (1e-3, 1e-2),
}  # fmt: skip
CHARTS = {name: make for name in charts.__all__ if name.endswith("_chart") and (make := getattr(charts, name))}
SENTENCES = {name: say for name in charts.__all__ if name.startswith("describe_") and (say := getattr(charts, name))}
OTHER_SENTENCE = {"describe_attention"}  # of whole numbers of slots
FORMATS = [say for name in charts.__all__ if name.startswith("format_") and (say := getattr(charts, name))]
COLUMNS = (
    *("x", "y", "mean", "low", "high", "loss", "value", "sigma", "gap", "train", "cosine", "length", "running"),
    *("share", "megabytes", "milliseconds", "tokens_per_second", "times", "seen", "start", "end"),
)


def spec_of(make) -> dict:
    needed = [p.name for p in inspect.signature(make).parameters.values() if p.default is p.empty]
    return charts.to_spec(make(**{name: ARGUMENTS[name] for name in needed}))


def table_of(values: list[float]) -> pd.DataFrame:
    """Every column that a sentence may ask for."""
    n = len(values)
    words = {name: ["a"] * n for name in ("label", "layer", "kind", "part", "stage", "order")}
    whole = {name: np.resize(SIZES, n) for name in ("batch_size", "seed", "rank", "row", "count", "step")}
    numbers = {name: np.array(values, dtype=float) for name in COLUMNS}
    return pd.DataFrame(numbers | words | whole | {"current": [True] * n, "rate": np.resize([1e-3, 1e-2], n)})


def valid(values) -> bool:
    return all(math.isfinite(value) for value in values)


@some_values
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_and_its_data_are_json_whatever_the_data(name, values):
    spec = spec_of(CHARTS[name])
    drawn = charts.with_data(spec, **{dataset: table_of(values) for dataset in dataset_names(spec)})
    tables = {dataset: table.to_pylist() for dataset, table in drawn.pop("datasets").items()}
    assert dataset_names(spec) == list(tables) and all(len(rows) == len(values) for rows in tables.values())
    json.dumps(drawn | {"datasets": tables}, allow_nan=False)


def test_every_chart_and_sentence_is_tried():
    assert len(CHARTS) >= 20 and len(SENTENCES) >= 15


def test_what_is_not_finite_in_single_precision_is_missing():
    column = compact(pd.DataFrame({"x": [1.5, NAN, INF, -INF, 1e39]})).to_pydict()["x"]
    assert column == [1.5, None, None, None, None]


@some_values
@pytest.mark.parametrize("name", sorted(SENTENCES.keys() - OTHER_SENTENCE))
def test_a_chart_is_put_into_words_whatever_the_data(name, values):
    say, table = SENTENCES[name], table_of(values)
    needed = [p for p in inspect.signature(say).parameters.values() if p.default is p.empty]
    assert say(*("what" if p.annotation is str else table for p in needed)).endswith(".")


@pytest.mark.parametrize("say", FORMATS)
def test_a_number_is_written_whatever_it_is(say):
    assert all(say(value) for value in itertools.chain(*VALUES.values()))


@some_values
def test_an_axis_has_two_ends_whatever_the_data(values):
    for low, high in itertools.product(values or [NAN], repeat=2):
        domains = [charts.round_domain(low, high), charts.round_domain(low, high, charts.round_step(high - low))]
        domains += [(0.0, charts.round_end(high))]
        for domain in domains:
            assert valid(domain) and np.float32(domain[0]) < np.float32(domain[1])
        for base in (2, 10):
            domain = charts.round_log_domain(low, high, base)
            assert valid(domain) and 0 < np.float32(domain[0]) < np.float32(domain[1])


@some_values
def test_bins_hold_every_finite_value_whatever_the_data(values):
    bins = charts.histogram_bins(np.array(values, dtype=float))
    assert bins["count"].sum() == np.isfinite(values).sum() and len(bins) <= 40
    assert valid(bins["start"]) and (bins["start"] < bins["end"]).all()


@some_values
def test_lines_are_named_at_their_ends_whatever_the_data(values):
    table = table_of(values).assign(batch_size=np.arange(len(values)))
    ends = charts.end_labels(table, charts.round_domain(min(values, default=NAN), max(values, default=NAN)))
    assert len(ends) == np.isfinite(np.array(values)).sum() and valid(ends["y"])


@some_values
def test_dots_by_layer_have_a_place_whatever_the_data(values):
    dots = charts.layer_dots({"AdamW": {str(place): value for place, value in enumerate(values)}})
    assert (dots["value"] > 0).all() and valid(dots["value"])
