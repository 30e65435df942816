"""The charts of one training step, and of where a step lies among the others."""

import numpy as np
import pandas as pd
import pytest

from core import charts
from core.charts.palette import PALETTES
from core.charts.spec import dataset_names

KINDS = ("AdamW", "SGD")
TITLES = {"x_title": "position t", "part_title": "loss at t (nats)"}
MAKERS = {
    "layers": (
        lambda theme: charts.layer_chart(theme, ("wte", "ln_f"), ("AdamW", "SGD"), x_title="m"),
        ["frame", "dots"],
    ),
    "examples": (charts.example_gradients_chart, ["frame", "examples", "mean"]),
    "sum": (lambda theme: charts.sum_chart(theme, **TITLES), ["frame", "parts", "total"]),
    "histogram": (lambda theme: charts.histogram_chart(theme, x_title="nats"), ["frame", "bins", "mark"]),
}


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("make, names", MAKERS.values(), ids=MAKERS)
def test_each_chart_names_its_data(make, names, theme):
    assert dataset_names(charts.to_spec(make(theme))) == names


def test_two_kinds_differ_by_colour_and_by_shape_and_one_has_no_legend():
    points = charts.to_spec(MAKERS["layers"][0]("light"))["layer"][1]["encoding"]
    assert len(set(points["color"]["scale"]["range"])) == len(set(points["shape"]["scale"]["range"])) == 2
    one = charts.to_spec(charts.layer_chart("light", ("wte",), ("gradient",), x_title="length"))["layer"][1]["encoding"]
    assert one["color"]["legend"] is None and one["shape"]["legend"] is None


def test_what_has_no_place_on_a_log_axis_is_left_out():
    dots = charts.layer_dots({"AdamW": {"wte": 0.5, "wpe": 0.0}, "SGD": {"wte": float("nan"), "wpe": 2.0}})
    assert dots.values.tolist() == [["wte", 0.5, "AdamW"], ["wpe", 2.0, "SGD"]]


@pytest.mark.parametrize(
    "values, bins",
    [
        ([1.0, 1.0, 2.0, 3.0], 2),
        ([5.0], 40),
        ([2.0, 2.0, 2.0], 40),
        (list(range(1000)), 7),
    ],
)
def test_every_value_is_in_one_bin(values, bins):
    table = charts.histogram_bins(np.array(values, dtype=float), max_bins=bins)
    assert table["count"].sum() == len(values) and 1 <= len(table) <= bins
    assert table["start"].iloc[0] <= min(values) and table["end"].iloc[-1] >= max(values)


def test_a_loss_chart_can_be_picked_from_only_if_asked():
    assert "params" not in charts.to_spec(charts.loss_chart([4], "light"))
    (picked,) = charts.to_spec(charts.loss_chart([4], "light", pick=True))["params"]
    assert picked["name"] == charts.PICKED
    assert picked["select"] == {"type": "point", "fields": ["batch_size", "seed", "x", "loss"]} | picked["select"]


def test_layers_in_words():
    dots = pd.DataFrame({"layer": ["wte", "ln_f"], "value": [0.5, 0.25], "kind": ["gradient"] * 2})
    assert charts.describe_layers(dots, "Gradient norm by layer") == "Gradient norm by layer: wte 0.5, ln_f 0.25."
    two = dots.assign(kind=["AdamW", "SGD"])
    assert charts.describe_layers(two, "Moved") == "Moved: AdamW: wte 0.5, SGD: ln_f 0.25."


def test_example_gradients_in_words():
    examples = pd.DataFrame({"row": [0, 1], "cosine": [0.25, 0.75], "length": [1.0, 3.0]})
    sentence = charts.describe_example_gradients(examples, pd.DataFrame({"length": [0.5]}))
    assert sentence == (
        "2 examples' gradients, of length 1.00 to 3.00, on average 2.00; cosine with their mean 0.250 to 0.750, "
        "on average 0.500; their mean has length 0.500."
    )


def test_a_sum_in_words():
    parts = pd.DataFrame({"value": [1.0, 3.0], "running": [1.0, 4.0]})
    assert charts.describe_sum(parts, "Loss", "sum so far") == (
        "Loss: 2 parts, of 1.00 to 3.00, on average 2.00; sum so far at the end 4."
    )
