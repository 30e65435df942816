"""The charts of one training step, of where a step lies among the others, and of batches around the whole text."""

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
    "strips": (lambda theme: charts.strips_chart([1, 4], theme, y_title="nats"), ["frame", "batches", "whole"]),
    "rates": (
        lambda theme: charts.rate_chart([4, 16], [1e-3, 2e-3], theme, y_title="loss"),
        ["frame", "rates", "ends"],
    ),
    "noise scale": (charts.noise_scale_chart, ["frame", "scale", "unresolved"]),
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


def test_bins_by_hand():
    table = charts.histogram_bins(np.array([0.0, 1.0, 2.0, 4.0]), max_bins=2)  # 0 to 2 without its end, 2 to 4
    assert table.to_dict("list") == {"start": [0.0, 2.0], "end": [2.0, 4.0], "count": [2, 2]}


def test_values_that_are_all_one_lie_in_the_middle_of_one_bin():
    assert charts.histogram_bins(np.full(3, 2.0)).to_dict("list") == {"start": [1.5], "end": [2.5], "count": [3]}


def test_neighbours_in_single_precision_can_be_binned():
    two = np.array([2.5, np.nextafter(np.float32(2.5), np.float32(3))], dtype=np.float32)
    assert two[0] < two[1] and charts.histogram_bins(two)["count"].sum() == 2


@pytest.mark.parametrize("name", MAKERS)
def test_new_data_change_only_the_datasets(name):
    make, names = MAKERS[name]
    spec = charts.to_spec(make("dark"))
    early, late = (charts.with_data(spec, **{names[1]: pd.DataFrame({"value": [1.0] * rows})}) for rows in (1, 500))
    assert [table.num_rows for table in (early["datasets"][names[1]], late["datasets"][names[1]])] == [1, 500]
    assert list(early.pop("datasets")) == list(late.pop("datasets"))
    assert early == late == spec


def test_a_panel_can_be_picked_from_only_if_asked():
    assert "params" not in charts.to_spec(charts.panel_chart("#123456", "light"))
    (picked,) = charts.to_spec(charts.panel_chart("#123456", "light", pick=True))["params"]
    assert picked["name"] == charts.PICKED
    assert picked["select"] == {"type": "point", "fields": ["x", "loss"], "nearest": True} | picked["select"]


@pytest.mark.parametrize("mark, layers", [("bars", ["bar"]), ("dots", ["line", "circle"]), ("line", ["line"])])
def test_a_panel_shows_its_losses_as_asked_and_its_mean_over_them(mark, layers):
    spec = charts.to_spec(charts.panel_chart("#123456", "light", mark=mark))
    marks = [layer["mark"] for layer in spec["layer"]]
    assert [each["type"] for each in marks if each.get("color") == "#123456"] == layers
    assert [each["type"] for each in marks].index("line", len(layers)) > 0
    assert not any("strokeDash" in each for each in marks)


def test_layers_in_words():
    dots = pd.DataFrame({"layer": ["wte", "ln_f"], "value": [0.5, 0.25], "kind": ["gradient"] * 2})
    assert charts.describe_layers(dots, "Gradient norm by layer") == "Gradient norm by layer: wte 0.5, ln_f 0.25."
    two = dots.assign(kind=["AdamW", "SGD"])
    assert charts.describe_layers(two, "Moved") == "Moved: AdamW: wte 0.5; SGD: ln_f 0.25."


def test_layers_of_two_kinds_are_told_kind_by_kind():
    dots = charts.layer_dots({"AdamW": {"wte": 0.5, "ln_f": 0.125}, "SGD": {"wte": 2.0, "ln_f": 0.0}})
    assert charts.describe_layers(dots, "Moved") == "Moved: AdamW: wte 0.5, ln_f 0.125; SGD: wte 2."
    assert charts.describe_layers(dots.iloc[:0], "Moved") == "Moved: nothing measured yet."


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


def test_a_histogram_in_words():
    bins = pd.DataFrame({"start": [-1.0, 0.0, 1.0], "end": [0.0, 1.0, 2.0], "count": [2, 5, 1]})
    mark = pd.DataFrame({"x": [1.5], "label": ["this step"]})
    assert charts.describe_histogram(bins, mark, "Jump (nats)") == (
        "Jump (nats): 8 steps from -1.00 to 2.00, the fullest bin, of 5, from 0 to 1.00; this step at 1.50."
    )
    assert charts.describe_histogram(bins.assign(count=0), mark, "Jump") == "Jump: nothing measured yet."


def test_the_parts_of_a_sum_are_told_from_it_by_their_shape():
    encodings = [layer["encoding"] for layer in charts.to_spec(MAKERS["sum"][0]("light"))["layer"]]
    assert encodings[0]["y"]["axis"]["title"] == ["bars: loss at t (nats)", "line: sum so far"]


def test_rings_are_there_only_if_asked_for():
    assert "distinct" not in dataset_names(charts.to_spec(charts.noise_chart([1, 4], "light")))
    assert "distinct" in dataset_names(charts.to_spec(charts.noise_chart([1, 4], "light", distinct=True)))


def test_strips_and_the_noise_scale_in_words():
    batches = pd.DataFrame({"batch_size": [1, 1, 4], "value": [2.0, 4.0, 3.0]})
    assert charts.describe_strips(batches, "Loss") == (
        "Loss by batch size: 1: 2.00 to 4.00, on average 3.00; 4: 3.00 to 3.00, on average 3.00."
    )
    scale = pd.DataFrame({"step": [0], "value": [2.5], "low": [2.0], "high": [3.0]})
    assert charts.describe_noise_scale(scale, pd.DataFrame({"step": [600]})) == (
        "Noise scale in windows: 2.50 (95% interval 2.00 to 3.00) at step 0; at step 600 not resolved."
    )


def test_rates_in_words():
    rates = pd.DataFrame({"rate": [0.001, 0.002, 0.001], "batch_size": [4, 4, 16], "mean": [2.5, 2.25, 3.0]})
    assert charts.describe_rates(rates) == (
        "Validation loss by batch size and learning rate: B = 4: 2.50 at 0.001, 2.25 at 0.002; B = 16: 3.00 at 0.001."
    )
