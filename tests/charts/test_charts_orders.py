"""The charts of the orders: each order has a colour and a mark that it can be told by."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from test_charts_palette import SIMULATION, contrast, lab

from core import charts
from core.charts.palette import PALETTES
from core.charts.spec import dataset_names

ORDERS = ("a", "b", "c")
MAKERS = {
    "training": (
        lambda theme: charts.panel_chart(PALETTES[theme].orders[1], theme, rules=True),
        {"frame", "columns", "ghosts", "rules"},
    ),
    "validation": (lambda theme: charts.order_loss_chart(ORDERS, theme), {"frame", "lines", "mean", "rules"}),
    "reads": (lambda theme: charts.order_reads_chart(ORDERS, theme), {"frame", "reads", "theory"}),
}


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("make, names", MAKERS.values(), ids=MAKERS)
def test_each_chart_names_its_data_and_is_small(make, names, theme):
    spec = charts.to_spec(make(theme))
    assert set(dataset_names(spec)) == names and len(json.dumps(spec)) < 6000


@pytest.mark.parametrize("theme", PALETTES)
def test_an_order_stands_out_from_the_background_and_in_greyscale(theme):
    colors, background = PALETTES[theme].orders, PALETTES[theme].background
    assert min(contrast(color, background) for color in colors) >= 3
    assert min(contrast(*pair) for pair in itertools.combinations(colors, 2)) >= 1.6


@pytest.mark.parametrize("sight", SIMULATION)
@pytest.mark.parametrize("theme", PALETTES)
def test_orders_are_told_apart_by_the_colour_blind(theme, sight):
    seen = [lab(color, sight) for color in PALETTES[theme].orders]
    least = 25 if sight == "tritanopia" else 40  # seen by one in ten thousand; and each order has a mark of its own
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= least


@pytest.mark.parametrize("name", ["validation", "reads"])
def test_an_order_has_a_mark_of_its_own_and_one_legend(name):
    spec = charts.to_spec(MAKERS[name][0]("light"))
    marks = next(layer["encoding"] for layer in spec["layer"] if "shape" in layer["encoding"])
    assert marks["color"]["scale"]["domain"] == marks["shape"]["scale"]["domain"] == list(ORDERS)
    assert len(set(marks["shape"]["scale"]["range"])) == 3 and marks["color"]["legend"] == marks["shape"]["legend"]


def test_the_last_point_of_each_order_is_told():
    mean = pd.DataFrame(
        {"x": [0.0, 64.0, 0.0, 64.0], "mean": [4.0, 2.0, 4.0, 3.0], "low": [3.9, 1.9, 3.9, np.nan],
         "high": [4.1, 2.1, 4.1, np.nan], "order": ["b", "b", "a", "a"]}
    )  # fmt: skip
    assert charts.describe_orders(mean) == (
        "Validation loss in nats per token by order, mean of the seeds: b: 2.00 (95% interval 1.90 to 2.10) at 64 "
        "tokens, a: 3.00 at 64 tokens."
    )


def test_shares_of_tokens_are_told_where_there_are_any():
    reads = pd.DataFrame({"times": [0.0, 1.0, 1.0], "share": [0.25, 0.0, 1.0], "order": ["a", "a", "b"]})
    theory = pd.DataFrame({"times": [0.0], "share": [0.3]})
    assert charts.describe_reads(reads, theory).endswith(
        "a: 0: 25.0%; b: 1: 100%; expected of random windows: 0: 30.0%."
    )
